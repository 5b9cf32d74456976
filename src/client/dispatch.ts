import type { Listener } from '../netlink/listener.js'
import { Errno } from '../netlink/errno.js'
import { KernelError } from '../netlink/errors.js'
import { subscribe } from '../genetlink/subscription.js'
import { DatapathFeatures, type DatapathMessage } from '../ovs/datapath.js'
import type { VportMessage } from '../ovs/vport.js'
import type { Context } from './context.js'
import { possibleCpus } from './port-ids.js'
import { TakenOverError } from './taken-over.js'

/** How the kernel chooses the socket of an upcall: by the CPU it arises on, or by the vport. */
export type DispatchMode = 'perCpu' | 'perVport'

/** What a dispatch tells its listener. */
export interface DispatchHearer {
  /** The datapath has been deleted. */
  gone(): void
  /** Somebody else gets all of the datapath's upcalls: there is nothing left to listen to. */
  takenOver(error: TakenOverError): void
  error(error: Error): void
}

const { dispatchUpcallPerCpu } = DatapathFeatures

/** Has a datapath's upcalls sent to one port id, keeps it so while others change the datapath, and puts back what was there. */
export abstract class Dispatch {
  abstract readonly mode: DispatchMode
  /** Features as they were found. */
  protected before: DatapathMessage | undefined
  #subscription: Listener | undefined
  /** Changes are made one after the other. */
  #queue: Promise<unknown> = Promise.resolve()
  #ended = false

  constructor(
    protected readonly ovs: Context,
    protected readonly dpIfindex: number,
    protected readonly portId: number,
    protected readonly hearer: DispatchHearer,
  ) {}

  /** @throws KernelError */
  async attach(): Promise<void> {
    // Listening first, so that nothing that happens while attaching is missed.
    this.#subscription = subscribe(this.ovs.netlink, [this.ovs.datapath.family, this.ovs.vport.family], {
      message: (family, command, value) => this.#heard(family, command, value as DatapathMessage & VportMessage),
      overrun: () => this.later(() => this.#again()),
      error: (error) => this.hearer.error(error),
    })
    try {
      this.before = await this.ovs.datapath.get({ dpIfindex: this.dpIfindex })
      await this.reattach()
    } catch (error) {
      // Whatever was attached before it failed must not be left to a socket that is about to close.
      await this.detach().catch(() => {})
      throw error
    }
  }

  /** Puts back what can be put back. What has vanished meanwhile is no error. */
  async detach(): Promise<void> {
    this.#ended = true
    this.#subscription?.close()
    await this.#queue
    await ignoreGone(this.restore())
  }

  ref(): void {
    this.#subscription?.ref()
  }

  unref(): void {
    this.#subscription?.unref()
  }

  /** Makes everything as it has to be; also when it already is. */
  protected abstract reattach(): Promise<void>
  protected abstract restore(): Promise<void>
  /** Somebody has changed the datapath: whether this dispatch is as it has to be. */
  protected abstract holds(message: DatapathMessage): boolean
  protected vportMade(_vport: VportMessage): void {}
  protected vportChanged(_vport: VportMessage): void {}
  protected vportGone(_portNo: number): void {}

  /** Those of these port ids behind which somebody else listens. */
  protected others(portIds: readonly number[] | undefined): number[] {
    return [...new Set(portIds)].filter((portId) => portId !== 0 && portId !== this.portId && this.ovs.isAlive(portId))
  }

  /** Does it behind what is being done; a failure is an error of the listener's. */
  protected later(change: () => Promise<void>): void {
    this.#queue = this.#queue
      .then(() => (this.#ended ? undefined : ignoreGone(change())))
      .catch((error: unknown) => this.hearer.error(error as Error))
  }

  /** That the datapath has been deleted may be what was lost. */
  async #again(): Promise<void> {
    try {
      await this.ovs.datapath.get({ dpIfindex: this.dpIfindex })
    } catch (error) {
      if (error instanceof KernelError && error.errno === Errno.ENODEV) this.hearer.gone()
      throw error
    }
    await this.reattach()
  }

  #changed(message: DatapathMessage): void {
    const others = this.others(perCpu(message))
    if (others.length > 0) this.hearer.takenOver(new TakenOverError(others))
    else if (!this.holds(message)) this.later(() => this.#again())
  }

  #heard(family: string, command: string, value: DatapathMessage & VportMessage): void {
    if (value.dpIfindex !== this.dpIfindex || this.#ended) return
    if (family === this.ovs.datapath.family.definition.name) {
      if (command === 'del') this.hearer.gone()
      else this.#changed(value)
    } else if (command === 'new') this.vportMade(value)
    else if (command === 'set') this.vportChanged(value)
    else if (command === 'del') this.vportGone(value.portNo ?? 0)
  }
}

/** The port ids that get a datapath's upcalls by CPU, where that is how they are dispatched and the kernel tells. */
function perCpu({ userFeatures = 0, perCpuPids = [] }: DatapathMessage): readonly number[] {
  return userFeatures & dispatchUpcallPerCpu ? perCpuPids : []
}

/**
 * One port id for every CPU (5.15 and newer): ports need nothing, so there is no moment at which a
 * new one is not heard. What `ovs-dpctl` does to a datapath when it only shows it (it turns this
 * dispatch on) does no harm.
 */
export class PerCpuDispatch extends Dispatch {
  override readonly mode = 'perCpu'
  /** Somebody else was served when this one began. */
  #displaced = false

  protected override async reattach(): Promise<void> {
    const now = await this.ovs.datapath.get({ dpIfindex: this.dpIfindex })
    const { userFeatures = 0 } = now
    if (this.others(perCpu(now)).length > 0) this.#displaced = true
    const perCpuPids = Array.from({ length: possibleCpus() }, () => this.portId)
    await this.#set(userFeatures | dispatchUpcallPerCpu, perCpuPids)
  }

  protected override async restore(): Promise<void> {
    const now = await this.ovs.datapath.get({ dpIfindex: this.dpIfindex })
    // Whoever took the datapath over keeps it.
    if (this.others(perCpu(now)).length > 0) return
    const { userFeatures = 0 } = now
    const { userFeatures: before = 0, perCpuPids = [] } = this.before ?? {}
    const remaining = this.others(perCpuPids)
    // Port ids are only taken together with the feature; those of somebody who has gone meanwhile would only mislead.
    await this.#set(userFeatures | dispatchUpcallPerCpu, remaining.length > 0 ? perCpuPids : [0])
    // So would the feature, when those have gone from whom the datapath was taken over.
    if (!(before & dispatchUpcallPerCpu) || (this.#displaced && remaining.length === 0)) await this.#set(userFeatures & ~dispatchUpcallPerCpu)
  }

  protected override holds({ userFeatures = 0, perCpuPids = [] }: DatapathMessage): boolean {
    return (userFeatures & dispatchUpcallPerCpu) !== 0 && perCpuPids.every((portId) => portId === this.portId)
  }

  async #set(userFeatures: number, perCpuPids?: number[]): Promise<void> {
    await this.ovs.datapath.set({ dpIfindex: this.dpIfindex, userFeatures, ...(perCpuPids === undefined ? {} : { perCpuPids }) })
  }
}

/** The port id set on each vport: those that there are, and each new one when the kernel announces it. */
export class PerVportDispatch extends Dispatch {
  override readonly mode = 'perVport'
  /** What each vport had before. */
  readonly #found = new Map<number, readonly number[]>()

  protected override async reattach(): Promise<void> {
    const { userFeatures = 0 } = await this.ovs.datapath.get({ dpIfindex: this.dpIfindex })
    if (userFeatures & dispatchUpcallPerCpu) {
      await this.ovs.datapath.set({ dpIfindex: this.dpIfindex, userFeatures: userFeatures & ~dispatchUpcallPerCpu })
    }
    const vports: VportMessage[] = []
    for await (const vport of this.ovs.vport.dump({ dpIfindex: this.dpIfindex })) vports.push(vport)
    for (const vport of vports) await ignoreGone(this.#attach(vport))
  }

  protected override async restore(): Promise<void> {
    const vports: VportMessage[] = []
    for await (const vport of this.ovs.vport.dump({ dpIfindex: this.dpIfindex })) vports.push(vport)
    for (const { portNo = 0, upcallPid = [] } of vports) {
      // Whoever took the port over meanwhile keeps it.
      if (upcallPid.length === 1 && upcallPid[0] === this.portId) {
        await ignoreGone(this.ovs.vport.set({ dpIfindex: this.dpIfindex, portNo, upcallPid: this.#before(portNo) }))
      }
    }
    const before = this.before?.userFeatures ?? 0
    if (before & dispatchUpcallPerCpu) {
      const { userFeatures = 0 } = await this.ovs.datapath.get({ dpIfindex: this.dpIfindex })
      await this.ovs.datapath.set({ dpIfindex: this.dpIfindex, userFeatures: userFeatures | dispatchUpcallPerCpu })
    }
  }

  protected override holds({ userFeatures = 0 }: DatapathMessage): boolean {
    return (userFeatures & dispatchUpcallPerCpu) === 0
  }

  protected override vportMade(vport: VportMessage): void {
    this.later(() => this.#attach(vport))
  }

  protected override vportChanged({ portNo = 0, upcallPid = [] }: VportMessage): void {
    if (!this.#found.has(portNo) || upcallPid.includes(this.portId)) return
    this.#found.delete(portNo)
    this.hearer.error(new TakenOverError(upcallPid, portNo))
  }

  protected override vportGone(portNo: number): void {
    this.#found.delete(portNo)
  }

  /** Port ids of somebody who has gone meanwhile would only mislead. */
  #before(portNo: number): readonly number[] | 0 {
    const found = this.#found.get(portNo) ?? []
    return this.others(found).length > 0 ? found : 0
  }

  async #attach({ portNo = 0, upcallPid = [] }: VportMessage): Promise<void> {
    if (upcallPid.length === 1 && upcallPid[0] === this.portId) return
    this.#found.set(portNo, upcallPid)
    await this.ovs.vport.set({ dpIfindex: this.dpIfindex, portNo, upcallPid: this.portId })
  }
}

/** A datapath or port that vanishes while one is at it needs nothing any more. */
async function ignoreGone(change: Promise<unknown> | undefined): Promise<void> {
  try {
    await change
  } catch (error) {
    if (!(error instanceof KernelError) || (error.errno !== Errno.ENODEV && error.errno !== Errno.ENOENT)) throw error
  }
}
