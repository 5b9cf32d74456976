import { attribute, attributes, type Infer, type InferInput, nested } from '../netlink/attributes.js'
import { flag, u32, u64 } from '../netlink/codec.js'
import { nestedList } from '../netlink/nested-list.js'
import { family } from '../genetlink/family.js'
import { FlowStats } from './flow.js'
import { OvsHeader } from './header.js'

/** `enum ovs_meter_band_type`: what happens to a packet for which a band has nothing left. */
export const MeterBandType = {
  /** `OVS_METER_BAND_TYPE_DROP`: it is dropped. The only one that there is. */
  drop: 1,
} as const

/**
 * `OVS_BAND_ATTR_*`: one band of a meter, a bucket of tokens.
 *
 * @since 4.15, "openvswitch: Add meter netlink definitions"
 * @direction request
 */
export const BandAttributes = attributes('OVS_BAND_ATTR', {
  /**
   * `OVS_BAND_ATTR_TYPE`: {@link MeterBandType}; the kernel takes any other as well, and then only counts. Needed to make
   * a band. The reply to `features` has a band of each type that there is; replies about a meter leave it out.
   *
   * @direction request, reply
   */
  type: attribute(1, u32),
  /**
   * `OVS_BAND_ATTR_RATE`: tokens that come in, not 0. Needed to make a band; never returned.
   *
   * @unit kbit/s, or packets/s without `OVS_METER_ATTR_KBPS`
   */
  rate: attribute(2, u32),
  /**
   * `OVS_BAND_ATTR_BURST`: tokens that the bucket holds, and begins with: a packet that needs more never passes. Needed to
   * make a band; never returned.
   *
   * @unit kbit, or packets without `OVS_METER_ATTR_KBPS`
   */
  burst: attribute(3, u32),
  /** `OVS_BAND_ATTR_STATS`: packets for which nothing was left. It begins at 0. @direction reply */
  stats: attribute(4, FlowStats),
})

/**
 * `OVS_METER_ATTR_*` (`linux/openvswitch.h`), in the kernel's order.
 *
 * @since 4.15, "openvswitch: Add meter netlink definitions"
 * @direction request, reply
 */
export const MeterAttributes = attributes(
  'OVS_METER_ATTR',
  {
    /** `OVS_METER_ATTR_ID`: number within the datapath. Needed by all but `features`; the reply to a `del` of one that there is not leaves it out. */
    id: attribute(1, u32),
    /** `OVS_METER_ATTR_KBPS`: rate and burst count kilobits, of 1000 bits; without it, packets. Never returned. @direction request */
    kbps: attribute(2, flag),
    /**
     * `OVS_METER_ATTR_CLEAR`: of a `set`: its `stats` are not looked at, and whoever replaces this meter is not told its
     * statistics. It clears nothing: a meter that is set begins at 0 in any case.
     *
     * @direction request
     */
    clear: attribute(6, flag),
    /** `OVS_METER_ATTR_STATS`: packets that came, those that were dropped included. Of a `set`, what to count on from. */
    stats: attribute(3, FlowStats),
    /** `OVS_METER_ATTR_USED`: when a packet last came, or else when the meter was set, by CLOCK_MONOTONIC. @unit ms @direction reply */
    used: attribute(5, u64),
    /** `OVS_METER_ATTR_MAX_METERS`: how many meters a datapath can have; the kernel takes one less. Of `features` only. @direction reply */
    maxMeters: attribute(7, u32),
    /** `OVS_METER_ATTR_MAX_BANDS`: how many bands a meter can have: 1. Of `features` only. @direction reply */
    maxBands: attribute(8, u32),
    /**
     * `OVS_METER_ATTR_BANDS`: a list, whose children the kernel numbers 0, all of them. Needed by a `set`; it may be empty,
     * and the meter then only counts.
     */
    bands: attribute(4, nestedList(nested(() => BandAttributes), () => 0)),
  },
  { padding: 9 },
)

/** A message of `ovs_meter`. */
export interface MeterMessage extends Infer<typeof MeterAttributes> {
  /** Interface index of the datapath's local port. */
  dpIfindex: number
}
/** A request to `ovs_meter`. */
export interface MeterRequest extends InferInput<typeof MeterAttributes> {
  /** Interface index of the datapath's local port. */
  readonly dpIfindex: number
}

/** `ovs_meter`: meters of a datapath, which the action `meter` asks. Nobody sends anything to its group. */
export const OvsMeter = family({
  name: 'ovs_meter',
  version: 1,
  header: OvsHeader,
  attributes: MeterAttributes,
  commands: {
    /** `OVS_METER_CMD_FEATURES`: what the datapath can. */
    features: 1,
    /** `OVS_METER_CMD_SET`: makes a meter, or puts another in its place. */
    set: 2,
    /** `OVS_METER_CMD_DEL` */
    del: 3,
    /** `OVS_METER_CMD_GET`: one; there is no dump. */
    get: 4,
  },
  groups: ['ovs_meter'],
  remedy: 'openvswitch has meters since Linux 4.15: run a newer kernel.',
})
