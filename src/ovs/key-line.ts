import { type Attribute, attribute } from '../netlink/attributes.js'
import type { AnyCodec } from '../netlink/codec.js'

/**
 * What the rest of a key must say for a member of it: the kernel takes the member in a mask only where the key says
 * so, and the mask covers what says it (`match_validate()` in `net/openvswitch/flow_netlink.c`). A `header` must then be
 * in the key.
 */
export type Behind =
  | {
      /** One of these. */
      readonly ethertype: readonly number[]
    }
  | {
      /** Of an IP header that is no later fragment's. */
      readonly proto: number
      /** Which version of IP; either, where it does not say. */
      readonly over?: 'ipv4' | 'ipv6'
    }
  | {
      /** One of these. */
      readonly icmpv6Type: readonly number[]
    }

/** What a line of the key's table says besides number and codec. */
export interface KeyFacts {
  /**
   * `metadata` are what the kernel knows of a packet besides its bytes; `link` is the Ethernet header with its tags,
   * which has rules of its own; a `header` is behind the ethertype.
   */
  readonly layer: 'metadata' | 'link' | 'header'
  /** Absent where the mask may have it whenever the key has. */
  readonly behind: Behind | undefined
}

/** One line of the key's table. */
export interface KeyAttribute<C extends AnyCodec> extends Attribute<C>, KeyFacts {}

/** What the kernel knows of a packet besides its bytes. */
export function metadata<C extends AnyCodec>(number: number, codec: C, behind?: Behind): KeyAttribute<C> {
  return { ...attribute(number, codec), layer: 'metadata', behind }
}

/** Of the Ethernet header with its tags. */
export function link<C extends AnyCodec>(number: number, codec: C): KeyAttribute<C> {
  return { ...attribute(number, codec), layer: 'link', behind: undefined }
}

/** A header behind the ethertype. */
export function header<C extends AnyCodec>(number: number, codec: C, behind?: Behind): KeyAttribute<C> {
  return { ...attribute(number, codec), layer: 'header', behind }
}
