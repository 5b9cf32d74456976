import { attributeList, type InferItem, type InferItemInput } from '../netlink/attribute-list.js'
import { attribute, attributes, type Infer, type InferInput, type Nested, nested } from '../netlink/attributes.js'
import { be16, type Codec, flag, u16, u32 } from '../netlink/codec.js'
import { InvalidValueError } from '../netlink/errors.js'
import { AddMpls, HashAction, PsampleAttributes, PushEth, PushMpls, PushNshAttributes, PushVlan, TruncAction, UserspaceAttributes } from './action-arguments.js'
import { CtAction } from './ct-action.js'
import { SetKey, SetMaskedKey } from './set-action.js'

/** Actions within an action. */
const within: Nested<Actions, ActionsInput, never> = nested((): Codec<Actions, ActionsInput, never> => ActionAttributes)

const probability: Codec<number> = {
  ...u32,
  write(writer, value) {
    if (value > 0 && value < 1) throw new InvalidValueError('must be a whole number from 0 to 4294967295', value, `Write Math.round(${value} * 0xffffffff).`)
    u32.write(writer, value)
  },
}

/** `OVS_SAMPLE_ATTR_*`: both are needed. @since 3.3, linux/openvswitch.h */
export const SampleAttributes = attributes('OVS_SAMPLE_ATTR', {
  /** `OVS_SAMPLE_ATTR_PROBABILITY`: of 0xffffffff, which means always. */
  probability: attribute(1, probability),
  /** `OVS_SAMPLE_ATTR_ACTIONS`: on a copy. */
  actions: attribute(2, within),
})

/** The arguments of `sample`. */
export interface Sample extends Infer<typeof SampleAttributes> {}
/** The arguments of `sample`, as they may be given. */
export interface SampleInput extends InferInput<typeof SampleAttributes> {}

/** `OVS_CHECK_PKT_LEN_ATTR_*`, in the kernel's order: all three are needed. @since 5.2, "net: openvswitch: Add a new action check_pkt_len" */
export const CheckPktLenAttributes = attributes('OVS_CHECK_PKT_LEN_ATTR', {
  /** `OVS_CHECK_PKT_LEN_ATTR_PKT_LEN`: what the packet's length is compared with, from the Ethernet header on; not 0; in the machine's byte order. @unit bytes */
  pktLen: attribute(1, u16),
  /** `OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_LESS_EQUAL`: `[]` does nothing. */
  actionsIfLessEqual: attribute(3, within),
  /** `OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_GREATER`: `[]` does nothing. */
  actionsIfGreater: attribute(2, within),
})

/** The arguments of `checkPktLen`. */
export interface CheckPktLen extends Infer<typeof CheckPktLenAttributes> {}
/** The arguments of `checkPktLen`, as they may be given. */
export interface CheckPktLenInput extends InferInput<typeof CheckPktLenAttributes> {}

/** `OVS_DEC_TTL_ATTR_*` @since 5.7, "openvswitch: add TTL decrement action" */
export const DecTtlAttributes = attributes('OVS_DEC_TTL_ATTR', {
  /** `OVS_DEC_TTL_ATTR_ACTION`: what happens to a packet whose TTL is 1 or 0; needed, `[]` drops it. */
  action: attribute(1, within),
})

/** The arguments of `decTtl`. */
export interface DecTtl extends Infer<typeof DecTtlAttributes> {}
/** The arguments of `decTtl`, as they may be given. */
export interface DecTtlInput extends InferInput<typeof DecTtlAttributes> {}

/**
 * `OVS_ACTION_ATTR_*`: what happens to a packet, in order (`linux/openvswitch.h`).
 *
 * @since 3.3, linux/openvswitch.h
 * @direction request, reply, notification, upcall
 */
export const ActionAttributes = attributeList('OVS_ACTION_ATTR', {
  /** `OVS_ACTION_ATTR_OUTPUT`: to a vport, by its number, below 65535; one that does not exist drops. */
  output: attribute(1, u32),
  /** `OVS_ACTION_ATTR_USERSPACE`: an upcall. */
  userspace: attribute(2, UserspaceAttributes),
  /**
   * `OVS_ACTION_ATTR_SET`: writes one key attribute, whole. The kernel takes flows that write `ctMark` or `ctLabels`, and
   * drops each of their packets (`execute_masked_set_action()` in `net/openvswitch/actions.c`): those are the action `ct`'s.
   */
  set: attribute(3, SetKey),
  /** `OVS_ACTION_ATTR_PUSH_VLAN`: a new outermost VLAN tag. */
  pushVlan: attribute(4, PushVlan),
  /** `OVS_ACTION_ATTR_POP_VLAN`: takes the outermost VLAN tag off; a packet without one stays as it is. */
  popVlan: attribute(5, flag),
  /** `OVS_ACTION_ATTR_SAMPLE`: with a probability, further actions on a copy. */
  sample: attribute(
    6,
    nested((): Codec<Sample, SampleInput, unknown> => SampleAttributes),
  ),
  /** `OVS_ACTION_ATTR_RECIRC`: looks the packet up again, with this recirculation id. @since 3.18, "openvswitch: Add recirc and hash action." */
  recirc: attribute(7, u32),
  /** `OVS_ACTION_ATTR_HASH`: computes the key's `dpHash`. @since 3.18, "openvswitch: Add recirc and hash action." */
  hash: attribute(8, HashAction),
  /** `OVS_ACTION_ATTR_PUSH_MPLS`: a label before the network header, of IPv4, IPv6, ARP, RARP and MPLS packets without a VLAN tag. @since 3.19, "openvswitch: Add basic MPLS support to kernel" */
  pushMpls: attribute(9, PushMpls),
  /**
   * `OVS_ACTION_ATTR_POP_MPLS`: takes the outermost label off an MPLS packet without a VLAN tag; the number is the
   * packet's ethertype from then on. Behind the last label, nothing of the network header can be set before a `recirc`.
   *
   * @since 3.19, "openvswitch: Add basic MPLS support to kernel"
   */
  popMpls: attribute(10, be16),
  /** `OVS_ACTION_ATTR_SET_MASKED`: writes some bits of one key attribute. @since 4.0, "net: openvswitch: Support masked set actions." */
  setMasked: attribute(11, SetMaskedKey),
  /** `OVS_ACTION_ATTR_CT`: gives an IPv4 or IPv6 packet to connection tracking; mostly followed by a `recirc`. @since 4.3, "openvswitch: Add conntrack action" */
  ct: attribute(12, CtAction),
  /** `OVS_ACTION_ATTR_TRUNC`: shortens what the next output sends. @since 4.8, "openvswitch: Add packet truncation support." */
  trunc: attribute(13, TruncAction),
  /** `OVS_ACTION_ATTR_PUSH_ETH`: an Ethernet header, onto a packet that has none. @since 4.10, "openvswitch: add Ethernet push and pop actions" */
  pushEth: attribute(14, PushEth),
  /** `OVS_ACTION_ATTR_POP_ETH`: takes the Ethernet header off a packet without a VLAN tag. @since 4.10, "openvswitch: add Ethernet push and pop actions" */
  popEth: attribute(15, flag),
  /** `OVS_ACTION_ATTR_CT_CLEAR`: forgets the connection tracking state. @since 4.15, "openvswitch: add ct_clear action" */
  ctClear: attribute(16, flag),
  /** `OVS_ACTION_ATTR_PUSH_NSH`: an NSH header, before everything that there is; of it, `nsh.base` and the metadata that it names are needed. @since 4.15, "openvswitch: enable NSH support" */
  pushNsh: attribute(17, PushNshAttributes),
  /** `OVS_ACTION_ATTR_POP_NSH`: takes the NSH header off. @since 4.15, "openvswitch: enable NSH support" */
  popNsh: attribute(18, flag),
  /** `OVS_ACTION_ATTR_METER`: a meter by its id; one that does not exist lets everything pass. @since 4.15, "openvswitch: Add meter action support" */
  meter: attribute(19, u32),
  /** `OVS_ACTION_ATTR_CLONE`: further actions on a copy. @since 4.19, "openvswitch: kernel datapath clone action" */
  clone: attribute(20, within),
  /** `OVS_ACTION_ATTR_CHECK_PKT_LEN`: one list of actions or another, by the packet's length. @since 5.2, "net: openvswitch: Add a new action check_pkt_len" */
  checkPktLen: attribute(
    21,
    nested((): Codec<CheckPktLen, CheckPktLenInput, unknown> => CheckPktLenAttributes),
  ),
  /** `OVS_ACTION_ATTR_ADD_MPLS`: a label before the network header or before the Ethernet header. @since 5.6, "openvswitch: New MPLS actions for layer 2 tunnelling" */
  addMpls: attribute(22, AddMpls),
  /** `OVS_ACTION_ATTR_DEC_TTL`: takes 1 off the TTL or hop limit. @since 5.7, "openvswitch: add TTL decrement action" */
  decTtl: attribute(
    23,
    nested((): Codec<DecTtl, DecTtlInput, unknown> => DecTtlAttributes),
  ),
  /** `OVS_ACTION_ATTR_DROP`: drops, with a reason for the kernel's tracing; must be the last. An empty list drops everywhere. @since 6.6, "net: openvswitch: add explicit drop action" */
  drop: attribute(24, u32),
  /** `OVS_ACTION_ATTR_PSAMPLE`: sends a copy to the listeners of psample; shortened by a `trunc` before. @since 6.11, "net: openvswitch: add psample action" */
  psample: attribute(25, PsampleAttributes, { nestedFlag: true }),
})

/** One action, as the kernel reports it: an object with the one member that says which. */
export type Action = InferItem<typeof ActionAttributes>
/** One action, as it may be given. */
export type ActionInput = InferItemInput<typeof ActionAttributes>
/** A list of actions, as the kernel reports it. */
export interface Actions extends Array<Action> {}
/** A list of actions, as it may be given. */
export interface ActionsInput extends ReadonlyArray<ActionInput> {}
