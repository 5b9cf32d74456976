import { openOvs, type Ovs } from '../../src/index.js'
import { OverrunError } from '../../src/netlink/errors.js'
import { type DatapathMessage, type FlowMessage, OvsDatapath, OvsFlow, OvsPacket, OvsVport, type VportMessage } from '../../src/ovs/index.js'
import { FakeKernel, Refusal } from '../../src/testing/index.js'

const ENOENT = 2
const ENODEV = 19

/** Port ids of those who change things from outside. */
export const ALICE = 71
export const BOB = 72

interface Switch {
  name: string
  userFeatures: number
  readonly vports: Map<number, VportMessage>
  readonly flows: Map<string, FlowMessage>
}

/** Datapaths that other programs change, with what the kernel announces of it, and with what it does not. */
export class FakeSwitches {
  readonly kernel = new FakeKernel()
  readonly switches = new Map<number, Switch>()
  /** Runs while a dump lasts, behind what it has seen. */
  meanwhile: (() => void) | undefined
  /** Dumps leave out their first object when one is deleted meanwhile, as the kernel's can. */
  skipping = false
  /** Nothing is delivered while this is on. */
  #losing = false
  #held: (() => void) | undefined
  #sequence = 1
  #nextIfindex = 5

  constructor() {
    this.kernel
      .serve(OvsDatapath, {
        get: (value, { dump }) => (dump ? this.#dumped(this.switches, (dpIfindex) => this.datapath(dpIfindex)) : this.datapath(this.#find(value.dpIfindex, value.name))),
      })
      .serve(OvsVport, {
        get: (value, { dump }) => {
          const { vports } = this.#switch(value.dpIfindex)
          return dump ? this.#dumped(vports, (_, each) => each) : found(vports.get(value.portNo ?? 0), ENODEV)
        },
      })
      .serve(OvsFlow, {
        get: (value, { dump }) => {
          const { flows } = this.#switch(value.dpIfindex)
          return dump ? this.#dumped(flows, (_, each) => each) : found(flows.get(nameOf(value)), ENOENT)
        },
        del: (value) => {
          this.#switch(value.dpIfindex).flows.clear()
          return undefined
        },
      })
      .serve(OvsPacket, {})
  }

  open(): Promise<Ovs> {
    return openOvs({ dial: this.kernel.dial })
  }

  datapath(dpIfindex: number): DatapathMessage {
    const { name, userFeatures, flows } = this.#switch(dpIfindex)
    return { dpIfindex, name, userFeatures, stats: { hit: 1n, missed: 2n, lost: 0n, flows: BigInt(flows.size) } }
  }

  make(name: string, by = ALICE): number {
    const dpIfindex = this.#nextIfindex++
    this.switches.set(dpIfindex, { name, userFeatures: 0, vports: new Map([[0, vport(dpIfindex, 0, name)]]), flows: new Map() })
    this.#announce(OvsDatapath, 'ovs_datapath', 'new', this.datapath(dpIfindex), by)
    return dpIfindex
  }

  change(dpIfindex: number, userFeatures: number, by = ALICE): void {
    this.#switch(dpIfindex).userFeatures = userFeatures
    this.#announce(OvsDatapath, 'ovs_datapath', 'set', this.datapath(dpIfindex), by)
  }

  /** `ip link set … name …` of the datapath's own device, or of a port's: announced to nobody. */
  rename(dpIfindex: number, name: string, portNo = 0): void {
    const at = this.#switch(dpIfindex)
    const before = at.vports.get(portNo)
    if (before !== undefined) at.vports.set(portNo, { ...before, name })
    if (portNo === 0) at.name = name
  }

  unmake(dpIfindex: number, by = ALICE): void {
    const was = this.datapath(dpIfindex)
    this.switches.delete(dpIfindex)
    this.#announce(OvsDatapath, 'ovs_datapath', 'del', was, by)
  }

  addPort(dpIfindex: number, portNo: number, by = ALICE): void {
    const { vports } = this.#switch(dpIfindex)
    if (vports.has(portNo)) return
    const made = vport(dpIfindex, portNo, `p${portNo}`)
    vports.set(portNo, made)
    this.#announce(OvsVport, 'ovs_vport', 'new', made, by)
  }

  setPort(dpIfindex: number, portNo: number, upcallPid: number, by = ALICE): void {
    const { vports } = this.#switch(dpIfindex)
    const before = vports.get(portNo)
    if (before === undefined) return
    const now = { ...before, upcallPid: [upcallPid] }
    vports.set(portNo, now)
    this.#announce(OvsVport, 'ovs_vport', 'set', now, by)
  }

  /** By nobody: its device is gone. */
  removePort(dpIfindex: number, portNo: number, by: number = ALICE): void {
    const { vports } = this.#switch(dpIfindex)
    const was = vports.get(portNo)
    if (was === undefined || portNo === 0) return
    vports.delete(portNo)
    this.#announce(OvsVport, 'ovs_vport', 'del', was, by)
  }

  /** By even numbers a flow has a UFID, by odd ones a key alone. `stripped`, its requester has everything else left out. */
  putFlow(dpIfindex: number, number: number, output: number, by = ALICE, stripped = false): void {
    const now: FlowMessage = { dpIfindex, ...(number % 2 === 0 ? { ufid: new Uint8Array([number]) } : {}), key: { inPort: number }, mask: { inPort: 0xffff_ffff }, actions: [{ output }] }
    this.#switch(dpIfindex).flows.set(nameOf(now), now)
    const { ufid, key } = now
    this.#announce(OvsFlow, 'ovs_flow', 'new', stripped ? { dpIfindex, ...(ufid === undefined ? { key } : { ufid }) } : now, by)
  }

  deleteFlow(dpIfindex: number, number: number, by = ALICE): void {
    const { flows } = this.#switch(dpIfindex)
    const name = number % 2 === 0 ? nameOf({ ufid: new Uint8Array([number]) }) : nameOf({ key: { inPort: number } })
    const was = flows.get(name)
    if (was === undefined) return
    flows.delete(name)
    this.#announce(OvsFlow, 'ovs_flow', 'del', { ...was, stats: { packets: 9n, bytes: 99n } }, by)
  }

  /** Announced to nobody. */
  flush(dpIfindex: number): void {
    this.#switch(dpIfindex).flows.clear()
  }

  /** What this does is not delivered; that something was lost is. */
  lose(what: () => void): void {
    this.#losing = true
    what()
    this.#losing = false
    for (const transport of this.#listening()) transport.queueError(new OverrunError())
  }

  /** What this does is announced behind what is announced next by somebody else. */
  late(what: () => void): void {
    this.release()
    const announce = this.#deliver
    let late: (() => void) | undefined
    this.#deliver = (send) => void (late = send)
    what()
    this.#deliver = announce
    this.#held = late
  }

  /** Announces what is still late. */
  release(): void {
    const held = this.#held
    this.#held = undefined
    held?.()
  }

  #deliver = (send: () => void): void => {
    if (!this.#losing) send()
    this.release()
  }

  #listening() {
    return this.kernel.transports.filter(({ groups, closed }) => groups.size > 0 && !closed)
  }

  #announce(definition: never | typeof OvsDatapath | typeof OvsVport | typeof OvsFlow, group: string, command: 'new' | 'set' | 'del', value: object, by: number): void {
    const sequence = by === 0 ? 0 : this.#sequence++
    this.#deliver(() => this.kernel.multicast(definition as typeof OvsDatapath, group, command, value as DatapathMessage, { portId: by, sequence }))
  }

  #dumped<K, V, T>(objects: ReadonlyMap<K, V>, show: (key: K, object: V) => T): T[] {
    const keys = [...objects.keys()]
    const shown = [...objects].map(([key, object]) => show(key, object))
    const { meanwhile } = this
    this.meanwhile = undefined
    meanwhile?.()
    return this.skipping && keys.some((key) => !objects.has(key)) ? shown.slice(1) : shown
  }

  #find(dpIfindex: number, name: string | undefined): number {
    const named = [...this.switches].find(([, each]) => each.name === name)
    return named?.[0] ?? dpIfindex
  }

  #switch(dpIfindex: number): Switch {
    return found(this.switches.get(dpIfindex), ENODEV)
  }
}

function found<T>(object: T | undefined, errno: number): T {
  if (object === undefined) throw new Refusal(errno)
  return object
}

function vport(dpIfindex: number, portNo: number, name: string): VportMessage {
  return { dpIfindex, portNo, name, type: 2, upcallPid: [0], stats: { rxPackets: 1n, txPackets: 0n, rxBytes: 0n, txBytes: 0n, rxErrors: 0n, txErrors: 0n, rxDropped: 0n, txDropped: 0n } }
}

function nameOf({ ufid, key }: Pick<FlowMessage, 'ufid' | 'key'>): string {
  return ufid === undefined ? `key ${key?.inPort}` : `ufid ${ufid[0]}`
}
