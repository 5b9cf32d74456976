import { EventEmitter } from 'eventemitter3'
import { InvalidValueError } from '../netlink/errors.js'
import { hint } from '../netlink/members.js'

type Handler = (...args: unknown[]) => unknown

/** A handler as it was given, and what stands for it in eventemitter3. */
interface Registration {
  readonly fn: Handler
  readonly wrapped: Handler
  readonly context: unknown
  readonly once: boolean
}

/**
 * eventemitter3 with the manners of node's own emitter: an `error` that nobody listens to, and what
 * a handler throws, become uncaught exceptions; the rejection of an async handler becomes an
 * `error` event. None of it keeps the other handlers from being called. As in eventemitter3, `off`
 * takes away a handler as often as it was added.
 */
export class StrictEmitter<Events extends EventEmitter.ValidEventTypes> extends EventEmitter<Events> {
  readonly #registrations = new Map<EventEmitter.EventNames<Events>, Registration[]>()
  readonly #names: object | undefined

  /** With the names of its events, it refuses a handler of one that there is not. */
  constructor(names?: { readonly [E in EventEmitter.EventNames<Events>]: true }) {
    super()
    this.#names = names
  }

  override on<E extends EventEmitter.EventNames<Events>>(event: E, fn: EventEmitter.EventListener<Events, E>, context?: unknown): this {
    return super.on(event, this.#register(event, fn as Handler, context, false) as EventEmitter.EventListener<Events, E>)
  }

  /** The same as {@link on}. */
  override addListener<E extends EventEmitter.EventNames<Events>>(event: E, fn: EventEmitter.EventListener<Events, E>, context?: unknown): this {
    return this.on(event, fn, context)
  }

  override once<E extends EventEmitter.EventNames<Events>>(event: E, fn: EventEmitter.EventListener<Events, E>, context?: unknown): this {
    return super.once(event, this.#register(event, fn as Handler, context, true) as EventEmitter.EventListener<Events, E>)
  }

  /** Takes a handler away, or, without one, all of that event. */
  override off<E extends EventEmitter.EventNames<Events>>(event: E, fn?: EventEmitter.EventListener<Events, E>, context?: unknown, once?: boolean): this {
    if (fn === undefined) return this.removeAllListeners(event)
    for (const each of this.#registrations.get(event) ?? []) {
      // eventemitter3 itself takes away what it holds of a `once`.
      if ((each.fn !== fn && each.wrapped !== fn) || (once && !each.once) || (context && each.context !== context)) continue
      this.#forget(event, each)
      super.off(event, each.wrapped as EventEmitter.EventListener<Events, E>)
    }
    return this
  }

  override removeListener<E extends EventEmitter.EventNames<Events>>(event: E, fn?: EventEmitter.EventListener<Events, E>, context?: unknown, once?: boolean): this {
    return this.off(event, fn, context, once)
  }

  override removeAllListeners(event?: EventEmitter.EventNames<Events>): this {
    if (event === undefined) this.#registrations.clear()
    else this.#registrations.delete(event)
    return super.removeAllListeners(event)
  }

  override listeners<E extends EventEmitter.EventNames<Events>>(event: E): EventEmitter.EventListener<Events, E>[] {
    return (this.#registrations.get(event) ?? []).map(({ fn }) => fn as EventEmitter.EventListener<Events, E>)
  }

  override emit<E extends EventEmitter.EventNames<Events>>(event: E, ...args: Parameters<EventEmitter.EventListener<Events, E>>): boolean {
    const heard = super.emit(event, ...args)
    if (!heard && event === 'error') uncaught(args[0])
    return heard
  }

  #register(event: EventEmitter.EventNames<Events>, fn: Handler, context: unknown, once: boolean): Handler {
    if (this.#names !== undefined && !Object.hasOwn(this.#names, event)) {
      const known = Object.keys(this.#names)
      throw new InvalidValueError('there is no such event', event, `There are ${known.join(', ')}.${hint(String(event), known)}`)
    }
    if (typeof fn !== 'function') throw new TypeError('The listener must be a function')
    const registration: Registration = {
      fn,
      context,
      once,
      wrapped: (...args) => {
        try {
          const result = fn.apply(context ?? this, args)
          if (isThenable(result)) result.then(undefined, (error: unknown) => this.#rejected(event, error))
        } catch (error) {
          uncaught(error)
        }
      },
    }
    // A new list each time: whoever goes through the old one is not disturbed.
    this.#registrations.set(event, [...(this.#registrations.get(event) ?? []), registration])
    return registration.wrapped
  }

  #forget(event: EventEmitter.EventNames<Events>, registration: Registration): void {
    const left = (this.#registrations.get(event) ?? []).filter((each) => each !== registration)
    if (left.length > 0) this.#registrations.set(event, left)
    else this.#registrations.delete(event)
  }

  #rejected(event: EventEmitter.EventNames<Events>, error: unknown): void {
    // A handler of `error` that fails would be asked again and again.
    if (event === 'error') uncaught(error)
    else this.emit('error' as EventEmitter.EventNames<Events>, ...([error] as Parameters<EventEmitter.EventListener<Events, EventEmitter.EventNames<Events>>>))
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function'
}

/** Thrown where nothing of ours can catch it, nor be interrupted by it. */
function uncaught(error: unknown): void {
  process.nextTick(() => {
    throw error
  })
}
