/** What of the kernel's headers our sources have, found in the tables themselves and in what their doc comments name. */
import * as controller from '../../src/genetlink/controller.js'
import * as policy from '../../src/genetlink/policy.js'
import type { AnyFamily } from '../../src/genetlink/family.js'
import { AttributeList } from '../../src/netlink/attribute-list.js'
import { AttributeSet } from '../../src/netlink/attributes.js'
import type { AnyCodec } from '../../src/netlink/codec.js'
import type { Field, Struct } from '../../src/netlink/struct.js'
import * as ovs from '../../src/ovs/index.js'
import * as link from '../../src/rtnetlink/link.js'
import * as tunnels from '../../src/rtnetlink/tunnels.js'
import { documentedNumbers, sources } from './sources.js'
import { inside, type Nest } from './walk.js'

type AnyStruct = Struct<Record<string, Field<AnyCodec>>>

const exported: readonly unknown[] = [...Object.values(ovs), ...Object.values(controller), ...Object.values(policy), ...Object.values(link), ...Object.values(tunnels)]

/** The structure that a codec is. */
export function structIn(codec: AnyCodec): AnyStruct | undefined {
  return 'fields' in codec ? (codec as AnyStruct) : undefined
}

export const families: readonly AnyFamily[] = exported.filter((each): each is AnyFamily => typeof each === 'object' && each !== null && 'commands' in each && 'attributes' in each)

/** All tables: those that are exported, and what can stand within them. */
export const tables: readonly Nest[] = reachable()

function reachable(): Nest[] {
  const found = new Set<Nest>(exported.flatMap((each) => (each instanceof AttributeSet || each instanceof AttributeList ? [each as Nest] : [])))
  for (const table of found) {
    for (const { codec } of table.entries) {
      const within = inside(codec)
      if (within !== undefined) found.add('nest' in within ? within.nest : within.each)
    }
  }
  return [...found]
}

/** Structures by their C names. */
export const structs: ReadonlyMap<string, AnyStruct> = new Map(
  [...exported, ...families.map(({ header }) => header), ...tables.flatMap(({ entries }) => entries.map(({ codec }) => codec))]
    .flatMap((each) => (typeof each === 'object' && each !== null ? (structIn(each as AnyCodec) ?? []) : []))
    .map((each) => [/^struct (\w+)/.exec(each.describe)?.[1] ?? '', each]),
)

/** Numbers by their kernel names: attributes, commands, values, bits. */
export const constants: ReadonlyMap<string, number | string> = new Map<string, number | string>([
  ...tables.flatMap(({ entries }) => entries.map(({ kernelName, number }) => [kernelName, number] as const)),
  ...families.map(({ name }) => [`${name.toUpperCase()}_FAMILY`, name] as const),
  ...families.map(({ name, version }) => [`${name.toUpperCase()}_VERSION`, version] as const),
  ...families.flatMap(({ name, groups = [] }) => groups.map((group) => [`${name.toUpperCase()}_MCGROUP`, group] as const)),
  // Sizes that codecs hold.
  ['OVS_CT_LABELS_LEN', ovs.FlowKeyAttributes.table.ctLabels.codec.least],
  ['OVS_PSAMPLE_COOKIE_MAX_SIZE', ovs.PsampleAttributes.table.cookie.codec.most],
  ['GENL_NAMSIZ', controller.ControllerAttributes.table.familyName.codec.most],
  ...sources.flatMap(documentedNumbers),
])
