import { setImmediate } from 'node:timers/promises'
import { Errno } from '../netlink/errno.js'
import { InvalidValueError, KernelError } from '../netlink/errors.js'
import { checkMembers } from '../netlink/members.js'
import { type CtLimitMessage, DEFAULT_ZONE } from '../ovs/ct-limit.js'
import type { CtLimitFamily } from '../ovs/optional-families.js'
import { explained } from './explain.js'

/** The limit of one zone, to set. */
export interface ZoneLimitInput {
  /** 0 to 65535, as in the action `ct`. */
  readonly zone: number
  /** How many connections it may have; 0 for any number. */
  readonly limit: number
}

/** Limits to set; what is left out stays as it is. */
export interface CtLimitsInput {
  /** Of each zone that has no limit of its own; 0 for any number, which it is to begin with. */
  readonly default?: number
  /** Limits of their own. */
  readonly zones?: readonly ZoneLimitInput[]
}

/** The limit of one zone. */
export interface ZoneState {
  /** 0 to 65535. */
  readonly zone: number
  /** How many connections it may have; 0 for any number. Where it has none of its own, the default. */
  readonly limit: number
  /** Its connections now, as far as openvswitch committed them while there was a limit on the zone. */
  readonly count: number
}

/** The limits that there are. */
export interface CtLimitsState {
  /** Of each zone that has no limit of its own; 0 for any number. */
  readonly default: number
  /** Those that have a limit of their own, or those that were asked for. */
  readonly zones: readonly ZoneState[]
}

/** Zones to a request: as many answers fit the one message that the kernel gives, or far less than an attribute can hold. */
const ZONES_ASKED = 256
const ZONES_CHANGED = 4096
const ALL_ZONES = Array.from({ length: 0x1_0000 }, (_, zone) => zone)

/**
 * How many tracked connections each zone may have, in this network namespace, over all of its datapaths. Beyond that,
 * the action `ct` with `commit` drops packets of new connections, and says so in the kernel's log.
 */
export class CtLimits {
  readonly #family: CtLimitFamily

  /** @internal Made by `Ovs`. */
  constructor(family: CtLimitFamily) {
    this.#family = family
  }

  /**
   * The default, and the zones that have a limit of their own, in their order; or those that are named, in the order given.
   *
   * More than some 300 limits do not fit the kernel's answer. Then every zone is asked after, and those are told whose
   * limit differs from the default.
   *
   * @throws KernelError, InvalidValueError, FamilyNotFoundError
   */
  async get(zones?: readonly number[]): Promise<CtLimitsState> {
    if (zones !== undefined) return this.#named(checkedZones(zones))
    try {
      const { default: limit, zones: found } = stateOf([await this.#family.get()])
      return { default: limit, zones: found.toSorted((a, b) => a.zone - b.zone) }
    } catch (error) {
      if (!(error instanceof KernelError && error.errno === Errno.EMSGSIZE)) throw error
      const { default: limit, zones: found } = await this.#named(ALL_ZONES)
      return { default: limit, zones: found.filter((each) => each.limit !== limit) }
    }
  }

  /** Sets limits. Connections that there are beyond them stay. @throws KernelError, InvalidValueError, FamilyNotFoundError */
  async set(limits: CtLimitsInput): Promise<void> {
    checkMembers(limits, 'what is to be set', { default: true, zones: true })
    const { default: limit, zones = [] } = limits
    for (const each of zones) checkMembers(each, 'a limit of a zone', { zone: true, limit: true })
    checkedZones(zones.map(({ zone }) => zone))
    for (const each of [limit ?? 0, ...zones.map((zone) => zone.limit)]) checkLimit(each)
    const entries = zones.map((each) => ({ zoneId: each.zone, limit: each.limit }))
    if (limit !== undefined) entries.unshift({ zoneId: DEFAULT_ZONE, limit })
    for (const zoneLimit of chunks(entries, ZONES_CHANGED)) await explained(this.#family.set({ zoneLimit }), {})
  }

  /** Takes the limits of their own from these zones: the default is theirs again. @throws KernelError, InvalidValueError, FamilyNotFoundError */
  async delete(zones: readonly number[]): Promise<void> {
    const entries = checkedZones(zones).map((zoneId) => ({ zoneId }))
    for (const zoneLimit of chunks(entries, ZONES_CHANGED)) await explained(this.#family.del({ zoneLimit }), {})
  }

  async #named(zones: readonly number[]): Promise<CtLimitsState> {
    const replies: CtLimitMessage[] = []
    for (const chunk of chunks([DEFAULT_ZONE, ...zones], ZONES_ASKED)) {
      replies.push(await this.#family.get({ zoneLimit: chunk.map((zoneId) => ({ zoneId })) }))
      await setImmediate()
    }
    return stateOf(replies)
  }
}

function stateOf(replies: readonly CtLimitMessage[]): CtLimitsState {
  const entries = replies.flatMap(({ zoneLimit = [] }) => zoneLimit)
  return {
    default: entries.find(({ zoneId }) => zoneId === DEFAULT_ZONE)?.limit ?? 0,
    zones: entries.filter(({ zoneId }) => zoneId !== DEFAULT_ZONE).map(({ zoneId, limit, count }) => ({ zone: zoneId, limit, count })),
  }
}

/** The kernel passes over a zone that there is not, and says so only in its log. */
function checkedZones(zones: readonly number[]): readonly number[] {
  if (!Array.isArray(zones)) throw new InvalidValueError('must be an array of zones', zones)
  for (const zone of zones) {
    if (!(Number.isInteger(zone) && zone >= 0 && zone <= 0xffff)) {
      throw new InvalidValueError('a zone is a whole number from 0 to 65535', zone, 'The limit of all other zones is the default.', ['OVS_CT_LIMIT_ATTR_ZONE_LIMIT', 'zone_id'])
    }
  }
  return zones
}

function checkLimit(limit: number): void {
  if (Number.isInteger(limit) && limit >= 0 && limit <= 0xffff_ffff) return
  throw new InvalidValueError('a limit is a whole number from 0 to 4294967295', limit, '0 lets a zone have any number of connections.', ['OVS_CT_LIMIT_ATTR_ZONE_LIMIT', 'limit'])
}

function* chunks<T>(values: readonly T[], size: number): Generator<T[], void, void> {
  for (let at = 0; at < values.length; at += size) yield values.slice(at, at + size)
}
