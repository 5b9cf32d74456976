import type { Source } from '../netlink/bytes.js'
import { InvalidValueError, type OverrunError } from '../netlink/errors.js'
import { type Hearer, Listener } from '../netlink/listener.js'
import type { BoundFamily } from './bound-family.js'
import type { AnyFamily, MessageOut } from './family.js'
import type { GenericNetlink } from './generic-netlink.js'

/** Hears a family's multicast messages. */
export interface Subscriber {
  /** `command` is the command's name, or `command N` where the table has none. */
  message(family: string, command: string, value: MessageOut<AnyFamily>): void
  /** Messages were lost: read again what they may have said. */
  overrun(error: OverrunError): void
  /** A message could not be understood, or the socket failed and nothing more comes. */
  error(error: Error): void
}

/**
 * Joins all multicast groups of these families, on a socket of its own.
 *
 * @throws SocketError
 */
export function subscribe(netlink: GenericNetlink, families: readonly BoundFamily<AnyFamily>[], subscriber: Subscriber): Listener {
  const byType = new Map(families.map((family) => [family.info.id, family]))
  const transport = netlink.dial()
  const hearer: Hearer = {
    message(type: number, source: Source, start: number, end: number) {
      const family = byType.get(type)
      if (family === undefined) return
      const command = family.codec.commandName(family.codec.commandIn(source, start, end))
      subscriber.message(family.definition.name as string, command, family.codec.read(source, start, end))
    },
    overrun: (error) => subscriber.overrun(error),
    error: (error) => subscriber.error(error),
  }
  try {
    for (const { definition, info } of families) {
      for (const name of (definition.groups ?? []) as readonly string[]) {
        const group = info.groups.get(name)
        if (group === undefined) throw new InvalidValueError(`the kernel's family ${definition.name} has no multicast group of that name`, name)
        transport.join(group)
      }
    }
    return new Listener(transport, hearer)
  } catch (error) {
    transport.close()
    throw error
  }
}
