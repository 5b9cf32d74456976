import type { AbortOptions } from '../netlink/abort.js'
import type { UnknownAttribute } from '../netlink/unknown-attribute.js'
import type { ActionInput } from '../ovs/action.js'
import type { FlowMessage } from '../ovs/flow.js'
import type { FlowKeyInput, FlowMask } from '../ovs/key.js'
import type { VportTypeName } from '../ovs/vport.js'

/** How a port is made. */
export interface AddPortOptions {
  /** `netdev` unless said: a device that exists. */
  type?: VportTypeName
  /** 1 to 65534; the lowest that is free unless said. */
  portNo?: number
  /** UDP port of a vxlan or geneve port. */
  dstPort?: number
  /** Group based policy, of a vxlan port. */
  gbp?: boolean
  /** Port ids for its misses; none unless said. A listener attaches by itself. */
  upcallPid?: number | readonly number[]
}

/**
 * A flow to put. A match on ICMP, say, is
 * `key: { ethernet: {}, ethertype: 0x0800, ipv4: { proto: 1 } }, mask: { ethertype: exact, ipv4: { proto: exact } }`.
 */
export interface FlowInput {
  /** What a packet looks like that it matches, as far as the mask covers it. */
  readonly key: FlowKeyInput
  /** What of the key must match; all of it, where the mask is left out. The rest of the key is cleared before it is sent. */
  readonly mask?: FlowMask | undefined
  /** `[]` drops. */
  readonly actions: readonly ActionInput[]
  /** Attributes of `OVS_FLOW_ATTR_*` that are not known here. */
  readonly unknown?: readonly UnknownAttribute[] | undefined
  /** 1 to 16 bytes to name the flow by, instead of its key. */
  readonly ufid?: Uint8Array
  /** The kernel logs no reason if it refuses the flow; if it does not, the flow is made. */
  readonly probe?: boolean
}

/** Which flow: by its UFID, or, where it was made without one, by its key and mask. */
export type FlowName =
  | {
      /** 1 to 16 bytes, as it was made with. */
      readonly ufid: Uint8Array
    }
  | {
      /** As it was made with, or as the kernel reports it. */
      readonly key: FlowKeyInput
      /** As it was made with, or as the kernel reports it. */
      readonly mask?: FlowMask | undefined
    }

/** What to read of flows. */
export interface FlowsOptions extends AbortOptions {
  /** Of flows that have a UFID, only that and their statistics; of others all but mask and actions. */
  terse?: boolean
}

/** A flow as the kernel reports it. */
export interface Flow extends Omit<FlowMessage, 'dpIfindex'> {}

/** A frame to run through actions. */
export interface PacketInput {
  /** From its Ethernet header on; at least 14 bytes. */
  readonly packet: Uint8Array
  /** In this order; `[]` drops. */
  readonly actions: readonly ActionInput[]
  /** The port that it is taken to have come from; the datapath's own unless said. */
  readonly inPort?: number
  /** What is known of it besides its bytes: `skbMark`, `priority`, `recircId`, `tunnel`, …; of a packet without an Ethernet header, its `ethertype`. */
  readonly key?: FlowKeyInput
  /** The largest fragment that it was reassembled from, in bytes: output through a port with a smaller MTU, it is cut up again. */
  readonly mru?: number
  /** Its hash, with the bits of {@link PacketHash}. */
  readonly hash?: bigint
  /** Port id for the upcalls that it causes (6.17 and newer). */
  readonly upcallPid?: number
  /** The kernel logs no reason if it refuses. */
  readonly probe?: boolean
}
