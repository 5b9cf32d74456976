import { openOvs, type Ovs } from '../../src/index.js'
import type { DatapathMessage, FlowMessage, PacketMessage, VportMessage } from '../../src/ovs/index.js'
import { DatapathFeatures, OvsDatapath, OvsFlow, OvsPacket, OvsVport } from '../../src/ovs/index.js'
import { FakeKernel, Refusal } from '../../src/testing/index.js'

const ENODEV = 19
const EOPNOTSUPP = 95
export const DP = 7

/** As much of the kernel's openvswitch as the client needs: one datapath with ports. */
export class FakeOvs {
  readonly kernel = new FakeKernel()
  readonly executed: PacketMessage[] = []
  readonly flows: FlowMessage[] = []
  features: number = DatapathFeatures.unaligned | DatapathFeatures.vportPids
  known = 0xf
  perCpuPids: number[] = [0]
  lost = 0n
  gone = false
  /** What every request is refused with. */
  refuse: number | undefined
  readonly vports = new Map<number, VportMessage>()

  constructor() {
    for (const [portNo, name] of ['dp0', 'eth1', 'eth2'].entries()) this.vports.set(portNo, { dpIfindex: DP, portNo, name, type: portNo === 0 ? 2 : 1, upcallPid: [0] })
    this.kernel
      .serve(OvsDatapath, {
        get: (value, { dump }) => (dump ? [this.#datapath(value, true)] : this.#datapath(value)),
        new: (value) => ({ ...this.#datapath(value, true), name: value.name }),
        del: (value) => {
          const was = this.#datapath(value)
          this.delete()
          return was
        },
        set: (value) => {
          this.#datapath(value)
          if ((value.userFeatures ?? 0) & ~this.known) throw new Refusal(EOPNOTSUPP)
          this.setFeatures(value.userFeatures ?? 0)
          if (value.perCpuPids !== undefined && this.features & DatapathFeatures.dispatchUpcallPerCpu) this.perCpuPids = value.perCpuPids
          return this.#datapath(value)
        },
      })
      .serve(OvsVport, {
        get: (value, { dump }) => (dump ? [...this.vports.values()] : this.#vport(value)),
        new: (value) => this.addPort(value.name ?? '', value.upcallPid ?? [0]),
        del: (value) => {
          const vport = this.#vport(value)
          this.vports.delete(vport.portNo ?? -1)
          return vport
        },
        set: (value) => Object.assign(this.#vport(value), value.upcallPid === undefined ? {} : { upcallPid: value.upcallPid }),
      })
      .serve(OvsFlow, {
        get: (_value, { dump }) => (dump ? this.flows : this.flows[0]),
        new: (value) => {
          this.#alive()
          this.flows.push(value)
          return undefined
        },
        del: (value) => (value.key === undefined ? undefined : value),
      })
      .serve(OvsPacket, {
        execute: (value) => {
          this.#alive()
          this.executed.push(value)
          return undefined
        },
      })
  }

  open(): Promise<Ovs> {
    return openOvs({ dial: this.kernel.dial })
  }

  /** How many datagrams have been sent. */
  get sent(): number {
    return this.kernel.transports.reduce((sum, { sent }) => sum + sent.length, 0)
  }

  /** Somebody changes the features; the kernel tells everybody. */
  setFeatures(features: number): void {
    this.features = features
    this.kernel.multicast(OvsDatapath, 'ovs_datapath', 'set', this.#datapath({ dpIfindex: DP }))
  }

  /** Somebody adds a port; the kernel tells everybody. */
  addPort(name: string, upcallPid: number[] = [0]): VportMessage {
    const vport = { dpIfindex: DP, portNo: this.vports.size, name, type: 1, upcallPid }
    this.vports.set(vport.portNo, vport)
    this.kernel.multicast(OvsVport, 'ovs_vport', 'new', vport)
    return vport
  }

  /** Somebody deletes the datapath; the kernel tells everybody. */
  delete(): void {
    this.kernel.multicast(OvsDatapath, 'ovs_datapath', 'del', this.#datapath({ dpIfindex: DP }))
    this.gone = true
  }

  /** Somebody has a port's misses sent to these; the kernel tells nobody here. */
  setPids(portNo: number, upcallPid: number[]): void {
    this.vports.set(portNo, { ...(this.vports.get(portNo) as VportMessage), upcallPid })
  }

  get pids(): (readonly number[] | undefined)[] {
    return [...this.vports.values()].map(({ upcallPid }) => upcallPid)
  }

  #alive(): void {
    if (this.refuse !== undefined) throw new Refusal(this.refuse)
    if (this.gone) throw new Refusal(ENODEV)
  }

  #datapath({ dpIfindex, name }: { dpIfindex?: number; name?: string | undefined }, any = false): DatapathMessage {
    this.#alive()
    if (!any && dpIfindex !== DP && name !== 'dp0') throw new Refusal(ENODEV)
    return { dpIfindex: DP, name: 'dp0', userFeatures: this.features, perCpuPids: this.perCpuPids, stats: { hit: 0n, missed: 0n, lost: this.lost, flows: 0n } }
  }

  #vport({ portNo, name }: VportMessage): VportMessage {
    this.#alive()
    const found = [...this.vports.values()].find((each) => (name === undefined ? each.portNo === portNo : each.name === name))
    if (found === undefined) throw new Refusal(ENODEV)
    return found
  }
}
