import type { OutOf } from '../netlink/codec.js'
import { InvalidValueError } from '../netlink/errors.js'
import { checkMembers } from '../netlink/members.js'
import type { FlowStats } from '../ovs/flow.js'
import { MeterBandType, type MeterMessage, type MeterRequest } from '../ovs/meter.js'
import type { MeterFamily } from '../ovs/optional-families.js'
import { explained } from './explain.js'

/** What a meter counts: `kbps` kilobits (1000 bits) per second, `pktps` packets per second. */
export type MeterUnit = 'kbps' | 'pktps'

/** A meter to set. */
export interface MeterOptions {
  /** What rate and burst count. */
  readonly unit: MeterUnit
  /** How much may pass each second: 1 to 4294967295, in kilobits or packets. */
  readonly rate: number
  /**
   * How much may pass at once after a pause: 1 to 4294967295, in kilobits or packets; as much as `rate` unless said. A
   * packet that is larger than the burst never passes: of 1500 bytes, one needs 12 kilobits.
   */
  readonly burst?: number
  /** What to count on from: the `stats` of the meter that this one replaces, say. From 0 unless said. */
  readonly stats?: Partial<OutOf<typeof FlowStats>>
}

/** The statistics of a meter. The kernel does not return its rate and burst: whoever sets a meter remembers them. */
export interface Meter {
  /** Its number within the datapath. */
  readonly id: number
  /** Packets and bytes that came, those that were dropped included. */
  readonly stats: OutOf<typeof FlowStats>
  /** Packets and bytes that were dropped. */
  readonly dropped: OutOf<typeof FlowStats>
  /** When a packet last came, or else when it was set, in milliseconds of CLOCK_MONOTONIC: as `process.hrtime.bigint() / 1_000_000n`. */
  readonly used: bigint
}

/** What meters a datapath can have. */
export interface MeterFeatures {
  /** How many meters; the kernel takes one less. */
  readonly maxMeters: number
  /** Bands that a meter can have, of which this SDK uses one. */
  readonly maxBands: number
  /** `OVS_METER_BAND_TYPE_*` that the kernel knows; `drop` is 1. */
  readonly bandTypes: readonly number[]
}

/** The meters of a datapath: rate limits that flows share by the action `{ meter: id }`. */
export class Meters {
  readonly #family: MeterFamily
  readonly #datapath: { readonly name: string; readonly dpIfindex: number }

  /** @internal Made by `Datapath`. */
  constructor(family: MeterFamily, datapath: { readonly name: string; readonly dpIfindex: number }) {
    this.#family = family
    this.#datapath = datapath
  }

  /** What meters the datapath can have. @throws KernelError (`ENODEV`), FamilyNotFoundError */
  async features(): Promise<MeterFeatures> {
    const { dpIfindex } = this.#datapath
    const { maxMeters = 0, maxBands = 0, bands = [] } = await explained(this.#family.features({ dpIfindex }), { datapath: this.#datapath.name })
    return { maxMeters, maxBands, bandTypes: bands.flatMap(({ type }) => (type === undefined ? [] : [type])) }
  }

  /**
   * Makes a meter, or replaces the one that there is. It begins with a full burst, and counts from 0 unless told
   * otherwise. Flows that ask a meter which does not exist let everything pass: set it before them.
   *
   * @param id 0 to 4294967295. The kernel keeps meters in a table of 1024 places or more, by the remainder of their ids:
   *   number them densely.
   * @returns What it replaced, with its final statistics.
   * @throws KernelError (`EBUSY`: an id with the same place, `EFBIG`: too many), InvalidValueError, FamilyNotFoundError
   */
  async set(id: number, options: MeterOptions): Promise<Meter | undefined> {
    const request = this.#named(id)
    checkMembers(options, 'a meter', { unit: true, rate: true, burst: true, stats: true })
    const { unit, rate, burst = rate, stats } = options
    if (unit !== 'kbps' && unit !== 'pktps') throw new InvalidValueError('a meter counts "kbps" or "pktps"', unit, 'Say which as its unit.', ['OVS_METER_ATTR_KBPS'])
    checkAmount(rate, 'a rate', 'RATE', 'To let nothing pass, put flows with no actions.')
    checkAmount(burst, 'a burst', 'BURST', 'Left out, it is as much as the rate. With none, nothing would pass.')
    const bands = [{ type: MeterBandType.drop, rate, burst }]
    return meterOf(await this.#explained(id, this.#family.set({ ...request, kbps: unit === 'kbps', ...(stats === undefined ? {} : { stats }), bands })))
  }

  /** Its statistics, read now. @throws KernelError (`ENOENT`), InvalidValueError, FamilyNotFoundError */
  async get(id: number): Promise<Meter> {
    return meterOf(await this.#explained(id, this.#family.get(this.#named(id)))) as Meter
  }

  /**
   * Deletes a meter; flows that ask it let everything pass from then on.
   *
   * @returns Its final statistics; nothing where there was none, which the kernel does not mind.
   * @throws KernelError, InvalidValueError, FamilyNotFoundError
   */
  async delete(id: number): Promise<Meter | undefined> {
    return meterOf(await this.#explained(id, this.#family.del(this.#named(id))))
  }

  #named(id: number): MeterRequest {
    if (!(Number.isInteger(id) && id >= 0 && id <= 0xffff_ffff)) {
      throw new InvalidValueError('a meter is named by a whole number from 0 to 4294967295', id, 'Choose a small one.', ['OVS_METER_ATTR_ID'])
    }
    return { dpIfindex: this.#datapath.dpIfindex, id }
  }

  #explained(id: number, request: Promise<MeterMessage>): Promise<MeterMessage> {
    return explained(request, { datapath: this.#datapath.name, meter: id })
  }
}

function checkAmount(amount: number, what: string, attribute: string, remedy: string): void {
  if (Number.isInteger(amount) && amount > 0 && amount <= 0xffff_ffff) return
  throw new InvalidValueError(`${what} is a whole number from 1 to 4294967295`, amount, remedy, ['OVS_METER_ATTR_BANDS', `OVS_BAND_ATTR_${attribute}`])
}

/** Of a meter that there was not, a reply has no statistics. */
function meterOf({ id = 0, stats, used = 0n, bands = [] }: MeterMessage): Meter | undefined {
  return stats === undefined ? undefined : { id, stats, used, dropped: bands[0]?.stats ?? { packets: 0n, bytes: 0n } }
}
