import { family } from '../../src/genetlink/family.js'
import { attribute, attributes, nested } from '../../src/netlink/attributes.js'
import { binary, text, u32, u64 } from '../../src/netlink/codec.js'
import { at, struct } from '../../src/netlink/struct.js'

export const BoxInner = attributes('BOX_INNER', { depth: attribute(1, u32), width: attribute(2, u32) })
export const BoxAttributes = attributes('BOX_ATTR', { label: attribute(1, text(15)), inner: attribute(2, nested(() => BoxInner)), bytes: attribute(3, binary()), count: attribute(4, u64) })

/** A family as somebody might define one. */
export const Box = family({
  name: 'box',
  version: 3,
  header: struct('box_header', 4, { shelf: at(0, u32) }),
  attributes: BoxAttributes,
  commands: { new: 1, del: 2, get: 3, set: 4 },
  groups: ['boxes', 'lids'],
  remedy: 'Build a box.',
})
