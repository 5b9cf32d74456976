import { attribute, attributes, type Infer, type InferInput } from '../netlink/attributes.js'
import { array, s32, u32 } from '../netlink/codec.js'
import { at, struct } from '../netlink/struct.js'
import { family } from '../genetlink/family.js'
import { OvsHeader } from './header.js'

/** `OVS_ZONE_LIMIT_DEFAULT_ZONE`: as a zone's id, all zones that have no limit of their own. */
export const DEFAULT_ZONE = -1

/** `struct ovs_zone_limit`, in the machine's byte order. */
export const ZoneLimit = struct('ovs_zone_limit', 12, {
  /**
   * `zone_id`: 0 to 65535, or {@link DEFAULT_ZONE}. Any other is written to the kernel's log and passed over; the
   * request succeeds all the same.
   */
  zoneId: at(0, s32),
  /** `limit`: connections that the zone may have; 0 for any number. Not looked at by `del` and `get`. */
  limit: at(4, u32),
  /**
   * `count`: connections that there are, of those that the action `ct` committed while there was a limit on the zone, its
   * own or the default; of the default itself 0. What was refused a moment ago may be counted too. Given, it is not looked at.
   */
  count: at(8, u32),
})

/**
 * `OVS_CT_LIMIT_ATTR_*` (`linux/openvswitch.h`)
 *
 * @since 4.18, "openvswitch: Add conntrack limit netlink definition"
 * @direction request, reply
 */
export const CtLimitAttributes = attributes('OVS_CT_LIMIT_ATTR', {
  /**
   * `OVS_CT_LIMIT_ATTR_ZONE_LIMIT`: structures one behind the other, without headers of their own, although the
   * kernel's policy calls it nested. Needed by `set` and `del`; a `get` without it asks for the default and all zones
   * that have a limit of their own.
   */
  zoneLimit: attribute(1, array(ZoneLimit)),
})

/** A message of `ovs_ct_limit`. */
export interface CtLimitMessage extends Infer<typeof CtLimitAttributes> {
  /** What the request had: the limits are the network namespace's, not a datapath's. */
  dpIfindex: number
}
/** A request to `ovs_ct_limit`. */
export interface CtLimitRequest extends InferInput<typeof CtLimitAttributes> {
  /** Not looked at: the limits are the network namespace's, not a datapath's. */
  readonly dpIfindex?: number
}

/** `ovs_ct_limit`: how many tracked connections a zone may have. Nobody sends anything to its group. */
export const OvsCtLimit = family({
  name: 'ovs_ct_limit',
  version: 1,
  header: OvsHeader,
  attributes: CtLimitAttributes,
  commands: {
    /** `OVS_CT_LIMIT_CMD_SET` */
    set: 1,
    /** `OVS_CT_LIMIT_CMD_DEL`: back to the default; of the default, back to any number. */
    del: 2,
    /** `OVS_CT_LIMIT_CMD_GET`: all in one reply, or those that are named; there is no dump. */
    get: 3,
  },
  groups: ['ovs_ct_limit'],
  remedy: 'openvswitch limits connections since Linux 4.18, where the kernel was built with CONFIG_NETFILTER_CONNCOUNT: run such a kernel.',
})
