import { randomInt } from 'node:crypto'
import type { AttributeSet, InferName, Table } from '../netlink/attributes.js'
import { exact } from '../netlink/codec.js'
import { Errno } from '../netlink/errno.js'
import { KernelError } from '../netlink/errors.js'
import { FamilyNotFoundError } from '../genetlink/generic-netlink.js'
import { CtLimitAttributes, OvsCtLimit } from '../ovs/ct-limit.js'
import { DatapathAttributes, DatapathFeatures, type DatapathMessage, OvsDatapath } from '../ovs/datapath.js'
import { FlowAttributes, OvsFlow } from '../ovs/flow.js'
import { MeterAttributes, OvsMeter } from '../ovs/meter.js'
import { OvsPacket, PacketAttributes } from '../ovs/packet.js'
import { OvsVport, VportAttributes, VportType, type VportTypeName } from '../ovs/vport.js'
import type { Context } from './context.js'
import type { DatapathFeature } from './datapath-settings.js'
import type { DispatchMode } from './dispatch.js'
import { ACTION_PROBES, type ActionName, CT_PROBES, type CtName, HASH_PROBES, type HashAlgName, KEY_PROBES, type KeyName, LIMIT_PROBES, type Probe, SET_PROBES, TUNNEL_PROBES, type TunnelKeyName } from './probes.js'

/** Whether a kernel can do something; `unknown` where it has to be tried and this program may not. */
export type Answer = boolean | 'unknown'
/** The most that a kernel takes of something; 0 where it takes none. */
export type Limit = number | 'unknown'

/** What the running kernel's openvswitch can do. */
export interface Capabilities {
  /**
   * Which attributes of its families' messages it knows, in either direction, as it publishes it. All are false of a
   * family that it lacks.
   */
  readonly attributes: {
    /** `OVS_DP_ATTR_*` */
    readonly datapath: Readonly<Record<InferName<typeof DatapathAttributes>, Answer>>
    /** `OVS_VPORT_ATTR_*` */
    readonly vport: Readonly<Record<InferName<typeof VportAttributes>, Answer>>
    /** `OVS_FLOW_ATTR_*` */
    readonly flow: Readonly<Record<InferName<typeof FlowAttributes>, Answer>>
    /** `OVS_PACKET_ATTR_*` */
    readonly packet: Readonly<Record<InferName<typeof PacketAttributes>, Answer>>
    /** `OVS_METER_ATTR_*` */
    readonly meter: Readonly<Record<InferName<typeof MeterAttributes>, Answer>>
    /** `OVS_CT_LIMIT_ATTR_*` */
    readonly ctLimit: Readonly<Record<InferName<typeof CtLimitAttributes>, Answer>>
  }
  /** Which features a datapath may have. */
  readonly features: Readonly<Record<DatapathFeature, Answer>>
  /** How upcalls may be dispatched. */
  readonly dispatch: Readonly<Record<DispatchMode, Answer>>
  /** By which attributes of a key flows may match. */
  readonly keys: Readonly<Record<KeyName, Answer>>
  /**
   * Which attributes of a key the action `set` writes. A connection's mark and labels it does not, though kernels take
   * flows that say so, and then drop each of their packets; they are written by `ct`.
   */
  readonly sets: Readonly<Record<KeyName, Answer>>
  /** Which actions flows may have. */
  readonly actions: Readonly<Record<ActionName, Answer>>
  /** Which attributes the action `ct` may have. Of `helper` it cannot be said: a kernel that has it refuses one by one those whose module it lacks. */
  readonly ct: Readonly<Record<Exclude<CtName, 'helper'>, Answer>>
  /** With which attributes a tunnel's key may be set. */
  readonly tunnel: Readonly<Record<TunnelKeyName, Answer>>
  /** By which algorithms the action `hash` hashes. */
  readonly hashes: Readonly<Record<HashAlgName, Answer>>
  /** Of which types ports may be. The modules of the tunnel types are loaded by asking, as they are by making such a port. */
  readonly vportTypes: Readonly<Record<VportTypeName, Answer>>
  /** How much it takes. */
  readonly limits: {
    /** Labels of an MPLS stack in a key. */
    readonly mplsLabels: Limit
    /** VLAN tags in a key, one within the other. */
    readonly vlanTags: Limit
    /** Lists of actions one within the other, that of the flow included; 17, the most that is tried, stands for 17 or more. */
    readonly actionDepth: Limit
    /** Meters of a datapath; it depends on the machine's memory. */
    readonly meters: Limit
    /** Bands of a meter. */
    readonly meterBands: Limit
  }
}

/**
 * Asks the kernel what it can do: what it publishes of its families, which anybody may read, and the rest by trying it on
 * a datapath that is made for that and deleted again. Its name begins with `ovsprobe-`.
 */
export async function capabilities(ovs: Context): Promise<Capabilities> {
  return await onScratch(ovs, async (scratch) => {
    const attributes = {
      datapath: await known(ovs, OvsDatapath.name, DatapathAttributes),
      vport: await known(ovs, OvsVport.name, VportAttributes),
      flow: await known(ovs, OvsFlow.name, FlowAttributes),
      packet: await known(ovs, OvsPacket.name, PacketAttributes),
      meter: await known(ovs, OvsMeter.name, MeterAttributes),
      ctLimit: await known(ovs, OvsCtLimit.name, CtLimitAttributes),
    }
    const features = await probeFeatures(ovs, scratch)
    const vportTypes = await probeVportTypes(ovs, scratch)
    const { tried, tally } = await probeFlows(ovs, scratch)
    return {
      attributes,
      features,
      // A port's misses go to its own port ids on every kernel.
      dispatch: { perVport: true, perCpu: features.dispatchUpcallPerCpu },
      keys: tried(KEY_PROBES),
      sets: { ...tried(SET_PROBES), ...(await carriedOut(ovs, scratch, ['ctMark', 'ctLabels'])) },
      actions: tried(ACTION_PROBES),
      ct: tried(CT_PROBES),
      tunnel: tried(TUNNEL_PROBES),
      hashes: tried(HASH_PROBES),
      vportTypes,
      limits: {
        mplsLabels: tally(LIMIT_PROBES.mplsLabels),
        vlanTags: tally(LIMIT_PROBES.vlanTags),
        actionDepth: tally(LIMIT_PROBES.actionDepth),
        ...(await meterLimits(ovs, scratch)),
      },
    }
  })
}

/** Runs this with a datapath that is made for it, or with none where this program may make none. Closing waits for it. */
async function onScratch<T>(ovs: Context, use: (scratch: Scratch) => Promise<T>): Promise<T> {
  const whole = (async () => {
    const scratch = await makeScratch(ovs)
    let failed = false
    try {
      return await use(scratch)
    } catch (error) {
      failed = true
      throw error
    } finally {
      const deleted = scratch === undefined ? undefined : ovs.datapath.del({ dpIfindex: scratch.dpIfindex })
      // The first failure is the one to tell.
      await (failed ? deleted?.catch(() => {}) : deleted)
    }
  })()
  const running = { close: () => whole.then(() => {}, () => {}) }
  ovs.open.add(running)
  try {
    return await whole
  } finally {
    ovs.open.delete(running)
  }
}

/** A datapath to try things on; undefined where this program may make none. */
type Scratch = DatapathMessage | undefined

/** The kernel knows all numbers up to its highest; only a family whose commands differ in that publishes none. */
async function known<T extends Table>(ovs: Context, family: string, { entries }: AttributeSet<T>): Promise<Readonly<Record<keyof T & string, Answer>>> {
  const isKnown = await knownNumbers(ovs, family)
  return record(entries.map(({ name, number }) => [name, isKnown(number)]))
}

async function knownNumbers({ netlink }: Context, family: string): Promise<(number: number) => Answer> {
  try {
    const { maxAttribute } = await netlink.resolve(family)
    if (maxAttribute > 0) return (number) => number <= maxAttribute
    const policies = [...(await netlink.policy(family)).values()].flatMap((command) => [command.do, command.dump])
    return (number) => policies.some((policy) => policy?.has(number)) || 'unknown'
  } catch (error) {
    if (error instanceof FamilyNotFoundError) return () => false
    if (error instanceof KernelError) return () => 'unknown'
    throw error
  }
}

async function makeScratch(ovs: Context): Promise<Scratch> {
  for (let attempt = 1; ; attempt++) {
    try {
      const name = `ovsprobe-${randomInt(36 ** 5).toString(36)}`
      return await ovs.datapath.new({ name, upcallPid: 0, userFeatures: DatapathFeatures.unaligned })
    } catch (error) {
      if (!(error instanceof KernelError)) throw error
      if (error.errno === Errno.EPERM) return undefined
      if (error.errno !== Errno.EEXIST || attempt === 5) throw error
    }
  }
}

/** A bit that no kernel has given a meaning. */
const NO_FEATURE = 0x8000_0000

/** Kernels before 5.4 take any bits, so that nothing can be learnt of those. */
async function probeFeatures(ovs: Context, scratch: Scratch): Promise<Record<DatapathFeature, Answer>> {
  const set = async (userFeatures: number) => scratch !== undefined && (await taken(ovs.datapath.set({ dpIfindex: scratch.dpIfindex, userFeatures })))
  const isTelling = scratch !== undefined && !(await set(NO_FEATURE))
  const answers: [string, Answer][] = []
  for (const [name, bit] of Object.entries(DatapathFeatures)) answers.push([name, isTelling ? await set(bit) : 'unknown'])
  return record(answers)
}

/** A port by a name that is taken already is never made, and of a type that there is not, that is said first. */
async function probeVportTypes(ovs: Context, scratch: Scratch): Promise<Record<VportTypeName, Answer>> {
  const answers: [string, Answer][] = []
  for (const [name, type] of Object.entries(VportType)) answers.push([name, scratch === undefined ? 'unknown' : await isVportType(ovs, scratch, type)])
  return record(answers)
}

async function isVportType(ovs: Context, { dpIfindex, name }: DatapathMessage, type: number): Promise<boolean> {
  try {
    await ovs.vport.new({ dpIfindex, name: name ?? '', type, upcallPid: 0 })
    return true
  } catch (error) {
    if (!(error instanceof KernelError)) throw error
    return error.errno !== Errno.EAFNOSUPPORT
  }
}

/** An Ethernet frame of a type for experiments. */
const FRAME = Uint8Array.from({ length: 60 }, (_, at) => (at === 12 ? 0x88 : at === 13 ? 0xb5 : 0))

/** Of what a flow may say but its packets may suffer for, only a packet tells. */
async function carriedOut<K extends KeyName>(ovs: Context, scratch: Scratch, names: readonly K[]): Promise<Record<K, Answer>> {
  const answers: [string, Answer][] = []
  for (const name of names) {
    const { actions = [] } = SET_PROBES[name]
    answers.push([name, scratch === undefined ? 'unknown' : await taken(ovs.packet.execute({ dpIfindex: scratch.dpIfindex, packet: FRAME, key: {}, actions, probe: true }))])
  }
  return record(answers)
}

async function taken(request: Promise<unknown>): Promise<boolean> {
  try {
    await request
    return true
  } catch (error) {
    if (isRefusal(error)) return false
    throw error
  }
}

const REFUSALS = new Set<number>([Errno.EINVAL, Errno.EOPNOTSUPP, Errno.EOVERFLOW, Errno.ENOTSUPP])

/** Refused because of what was asked, and not for want of memory, say. */
function isRefusal(error: unknown): boolean {
  return error instanceof KernelError && REFUSALS.has(error.errno)
}

/** All probes travel in a few sends. Each has a port of its own to match on, so that none meets another's flow. */
async function probeFlows(ovs: Context, scratch: Scratch) {
  const dpIfindex = scratch?.dpIfindex
  const probes: Probe[] = [KEY_PROBES, SET_PROBES, ACTION_PROBES, CT_PROBES, TUNNEL_PROBES, HASH_PROBES, LIMIT_PROBES].flatMap((group) => Object.values(group).flat())
  const refused = new Set<Probe>()
  if (dpIfindex !== undefined) {
    const { failures } = await ovs.flow.newAll(probes.entries(), ([index, { key, mask, actions = [], bare = false }]) => ({
      dpIfindex,
      key: { inPort: index + 1, ...(bare ? {} : { ethernet: {} }), ...key },
      mask: { inPort: exact, ...mask },
      actions,
      probe: true,
    }))
    for (const { index, error } of failures) {
      if (!isRefusal(error)) throw error
      refused.add(probes[index] as Probe)
    }
  }
  const answer = (probe: Probe): Answer => (dpIfindex === undefined ? 'unknown' : !refused.has(probe))
  return {
    tried: <K extends string>(group: Readonly<Record<K, Probe>>): Record<K, Answer> => record(Object.entries<Probe>(group).map(([name, probe]) => [name, answer(probe)])),
    tally(group: readonly Probe[]): Limit {
      if (dpIfindex === undefined) return 'unknown'
      const first = group.findIndex((probe) => refused.has(probe))
      return first === -1 ? group.length : first
    },
  }
}

/** Of the meters that it says it can have, the kernel takes all but one (`attach_meter()` in `net/openvswitch/meter.c`). */
async function meterLimits(ovs: Context, scratch: Scratch): Promise<{ meters: Limit; meterBands: Limit }> {
  if (!(await ovs.meter.isPresent())) return { meters: 0, meterBands: 0 }
  if (scratch === undefined) return { meters: 'unknown', meterBands: 'unknown' }
  const { maxMeters = 0, maxBands = 0 } = await ovs.meter.features({ dpIfindex: scratch.dpIfindex })
  return { meters: Math.max(0, maxMeters - 1), meterBands: maxBands }
}

function record<K extends string, V>(entries: readonly (readonly [string, V])[]): Record<K, V> {
  return Object.fromEntries(entries) as Record<K, V>
}
