import type { BoundFamily } from '../genetlink/bound-family.js'
import type { AnyFamily, CommandOf, MessageIn, MessageOut } from '../genetlink/family.js'
import { FamilyNotFoundError, type GenericNetlink } from '../genetlink/generic-netlink.js'
import { MessageFlags } from '../netlink/constants.js'
import { type CtLimitMessage, type CtLimitRequest, OvsCtLimit } from './ct-limit.js'
import { type MeterMessage, type MeterRequest, OvsMeter } from './meter.js'

const { echo } = MessageFlags

/**
 * A family that a kernel may lack though it has openvswitch. It is looked for when it is first asked for something, so
 * that whoever needs it not is not kept from opening the others.
 */
export class OptionalFamily<D extends AnyFamily> {
  readonly #netlink: GenericNetlink
  readonly #definition: D

  /** @internal Made by `openFamilies`. */
  constructor(netlink: GenericNetlink, definition: D) {
    this.#netlink = netlink
    this.#definition = definition
  }

  /** The family underneath, for requests with other flags. @throws FamilyNotFoundError */
  family(): Promise<BoundFamily<D>> {
    return this.#netlink.family(this.#definition)
  }

  /** Whether the kernel has it. */
  async isPresent(): Promise<boolean> {
    try {
      await this.family()
      return true
    } catch (error) {
      if (error instanceof FamilyNotFoundError) return false
      throw error
    }
  }

  /** A request that answers with a message of the family. */
  protected async ask(command: CommandOf<D>, request: MessageIn<D>, flags = 0): Promise<MessageOut<D>> {
    const family = await this.family()
    return family.ask(command, request, { flags })
  }
}

/** `ovs_meter`, which came with Linux 4.15. A meter is named by `dpIfindex` and `id`. */
export class MeterFamily extends OptionalFamily<typeof OvsMeter> {
  /** What the datapath can: `maxMeters`, `maxBands`, and a band of each type. @throws KernelError, FamilyNotFoundError */
  features(request: MeterRequest): Promise<MeterMessage> {
    return this.ask('features', request)
  }

  /**
   * Makes a meter, or puts another in the place of the one that there is; resolves to its id, with the statistics of
   * the one that was there.
   *
   * @throws KernelError, InvalidValueError, FamilyNotFoundError
   */
  set(request: MeterRequest): Promise<MeterMessage> {
    return this.ask('set', request, echo)
  }

  /** Reads the statistics of one; rate and burst are not returned. @throws KernelError (`ENOENT`), InvalidValueError, FamilyNotFoundError */
  get(request: MeterRequest): Promise<MeterMessage> {
    return this.ask('get', request)
  }

  /** Deletes one; resolves to it with its final statistics, and to an empty message if there was none. @throws KernelError, InvalidValueError, FamilyNotFoundError */
  del(request: MeterRequest): Promise<MeterMessage> {
    return this.ask('del', request, echo)
  }
}

/** `ovs_ct_limit`, which came with Linux 4.18, where the kernel is built with `CONFIG_NETFILTER_CONNCOUNT`. */
export class CtLimitFamily extends OptionalFamily<typeof OvsCtLimit> {
  /** Sets limits; the reply is empty. @throws KernelError, InvalidValueError, FamilyNotFoundError */
  set(request: CtLimitRequest): Promise<CtLimitMessage> {
    return this.ask('set', request, echo)
  }

  /** Deletes limits; the reply is empty. @throws KernelError, InvalidValueError, FamilyNotFoundError */
  del(request: CtLimitRequest): Promise<CtLimitMessage> {
    return this.ask('del', request, echo)
  }

  /** Reads limits. @throws KernelError (`EMSGSIZE`: they do not fit one reply), InvalidValueError, FamilyNotFoundError */
  get(request: CtLimitRequest = {}): Promise<CtLimitMessage> {
    return this.ask('get', request)
  }
}
