import { attributeList, type InferItem, type InferItemInput } from '../netlink/attribute-list.js'
import { attribute, attributes, type Infer, type InferInput, nested } from '../netlink/attributes.js'
import { be16, binary, type Codec, flag, u32 } from '../netlink/codec.js'
import { at, struct } from '../netlink/struct.js'
import { SetKey, SetMaskedKey } from './set-action.js'

/** `struct ovs_action_push_vlan` */
export const PushVlan = struct('ovs_action_push_vlan', 4, {
  /** 0x8100 or 0x88a8. */
  tpid: at(0, be16),
  /** Tag control information, with bit 0x1000 set: see `vlanTci`. */
  tci: at(2, be16),
})

/** `struct ovs_action_hash` */
export const HashAction = struct('ovs_action_hash', 8, {
  /** `OVS_HASH_ALG_L4` is 0. */
  alg: at(0, u32),
  /** What the hash starts from: another basis, another hash. */
  basis: at(4, u32),
})

/** `struct ovs_action_trunc` */
export const TruncAction = struct('ovs_action_trunc', 4, {
  /** Bytes that are left, at least 14. */
  maxLen: at(0, u32),
})

/** `OVS_USERSPACE_ATTR_*` */
export const UserspaceAttributes = attributes('OVS_USERSPACE_ATTR', {
  /** `OVS_USERSPACE_ATTR_PID`: port id to send to, not 0; where upcalls are dispatched per CPU, it is not looked at. */
  pid: attribute(1, u32),
  /** `OVS_USERSPACE_ATTR_USERDATA`: comes back with the upcall. */
  userdata: attribute(2, binary()),
  /** `OVS_USERSPACE_ATTR_EGRESS_TUN_PORT`: the tunnel vport whose key comes with the upcall. */
  egressTunPort: attribute(3, u32),
  /** `OVS_USERSPACE_ATTR_ACTIONS`: the flow's actions come with the upcall. */
  actions: attribute(4, flag),
})

/** `OVS_SAMPLE_ATTR_*` */
export const SampleAttributes = attributes('OVS_SAMPLE_ATTR', {
  /** `OVS_SAMPLE_ATTR_PROBABILITY`: of 0xffffffff, which means always. */
  probability: attribute(1, u32),
  /** `OVS_SAMPLE_ATTR_ACTIONS` */
  actions: attribute(
    2,
    nested((): Codec<Actions, ActionsInput, never> => ActionAttributes),
  ),
})

/** The arguments of `sample`. */
export interface Sample extends Infer<typeof SampleAttributes> {}
/** The arguments of `sample`, as they may be given. */
export interface SampleInput extends InferInput<typeof SampleAttributes> {}

/** `OVS_ACTION_ATTR_*`: what happens to a packet, in order (`linux/openvswitch.h`). */
export const ActionAttributes = attributeList('OVS_ACTION_ATTR', {
  /** `OVS_ACTION_ATTR_OUTPUT`: to a vport, by its number. */
  output: attribute(1, u32),
  /** `OVS_ACTION_ATTR_USERSPACE`: an upcall. */
  userspace: attribute(2, UserspaceAttributes),
  /** `OVS_ACTION_ATTR_SET`: writes one key attribute, whole. */
  set: attribute(3, SetKey),
  /** `OVS_ACTION_ATTR_PUSH_VLAN` */
  pushVlan: attribute(4, PushVlan),
  /** `OVS_ACTION_ATTR_POP_VLAN` */
  popVlan: attribute(5, flag),
  /** `OVS_ACTION_ATTR_SAMPLE`: with a probability, further actions on a copy. */
  sample: attribute(
    6,
    nested((): Codec<Sample, SampleInput, unknown> => SampleAttributes),
  ),
  /** `OVS_ACTION_ATTR_RECIRC`: looks the packet up again, with this recirculation id. */
  recirc: attribute(7, u32),
  /** `OVS_ACTION_ATTR_HASH`: computes the key's `dpHash`. */
  hash: attribute(8, HashAction),
  /** `OVS_ACTION_ATTR_SET_MASKED`: writes some bits of one key attribute. */
  setMasked: attribute(11, SetMaskedKey),
  /** `OVS_ACTION_ATTR_TRUNC`: shortens what the next output sends. */
  trunc: attribute(13, TruncAction),
  /** `OVS_ACTION_ATTR_CT_CLEAR`: forgets the connection tracking state. */
  ctClear: attribute(16, flag),
  /** `OVS_ACTION_ATTR_METER`: a meter by its id; one that does not exist lets everything pass. */
  meter: attribute(19, u32),
  /** `OVS_ACTION_ATTR_CLONE`: further actions on a copy. */
  clone: attribute(
    20,
    nested((): Codec<Actions, ActionsInput, never> => ActionAttributes),
  ),
  /** `OVS_ACTION_ATTR_DROP`: drops, with a reason for the kernel's tracing (6.6 and newer); an empty list drops everywhere. */
  drop: attribute(24, u32),
})

/** One action, as the kernel reports it: an object with the one member that says which. */
export type Action = InferItem<typeof ActionAttributes>
/** One action, as it may be given. */
export type ActionInput = InferItemInput<typeof ActionAttributes>
/** A list of actions, as the kernel reports it. */
export interface Actions extends Array<Action> {}
/** A list of actions, as it may be given. */
export interface ActionsInput extends ReadonlyArray<ActionInput> {}
