import { structureName } from './model.mjs'
import { pageName } from './page.mjs'

/** The first page: the families, how to read the others, and everything that has a heading on them. */
export function indexOf(pages, links) {
  const named = pages
    .flatMap(({ family, tables, structures }) => [
      ...tables.map(({ value }) => [`${value.prefix}_*`, family, value]),
      ...structures.map(({ value }) => [`struct ${structureName(value)}`, family, value]),
    ])
    .toSorted(([a, { name: one }], [b, { name: other }]) => (a === b ? (one < other ? -1 : 1) : a < b ? -1 : 1))
  return `# What openvswitch speaks

<!-- Written by scripts/reference.mjs. Changes made here are lost. -->

Generated from the tables of [src/ovs](../../src/ovs) by \`npm run reference\`, never edited by hand: what stands here is
what the SDK encodes and decodes. A page for each family of the kernel module:

| Family | Commands | Attributes | Groups |
| --- | --- | --- | --- |
${pages
  .map(({ family }) => `| [${family.name}](${pageName(family)}) | ${Object.keys(family.commands).join(', ')} | \`${family.attributes.prefix}_*\` | ${(family.groups ?? []).join(', ') || 'none'} |`)
  .join('\n')}

Whole flows, with what to write for keys, masks and actions, are in [docs/flows.md](../flows.md). What several families use is on the page of the first of them.

## How to read the pages

- **Name** is the member of values in this SDK, **kernel name** the constant in \`linux/openvswitch.h\`, **number** its
  value. The rows are in the order of the numbers; what is written has the order of the table in the source, which is the
  kernel's own.
- **Type**: numbers are in the machine's byte order where nothing else is said. A *nest* holds attributes, each at most
  once; a *list* holds them in an order that means something.
- **Direction**: *request*, what we may send; *reply*, what comes back, a dump included; *notification*, what comes by a
  multicast group; *upcall*, what comes with a packet.
- **Since** is the first release of the mainline kernel with which it can be used, and its footnote where that is known
  from: the title of the commit that brought it, in quotes, or \`linux/openvswitch.h\`, where the header of the release
  before has it not. Open vSwitch came with 3.3, and what was there from its beginning was seen in the header of 3.4.
  ≤ says that an older kernel may have it, too. Distributions bring features to older kernels: the running kernel is the
  judge.

## Where everything is

${named.map(([name, family, value]) => `- [\`${name}\`](${pageName(family)}#${links.get(value).anchor}) of ${family.name}`).join('\n')}
`
}
