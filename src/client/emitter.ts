import { EventEmitter } from 'eventemitter3'

type Handler = (...args: unknown[]) => unknown

/**
 * eventemitter3 with the manners of node's own emitter: an `error` that nobody listens to, and what
 * a handler throws, become uncaught exceptions; the rejection of an async handler becomes an
 * `error` event. None of it keeps the other handlers from being called.
 */
export class StrictEmitter<Events extends EventEmitter.ValidEventTypes> extends EventEmitter<Events> {
  readonly #wrapped = new Map<EventEmitter.EventNames<Events>, Map<Handler, Handler>>()

  override on<E extends EventEmitter.EventNames<Events>>(event: E, fn: EventEmitter.EventListener<Events, E>, context?: unknown): this {
    return super.on(event, this.#wrap(event, fn as Handler, context) as EventEmitter.EventListener<Events, E>)
  }

  override addListener<E extends EventEmitter.EventNames<Events>>(event: E, fn: EventEmitter.EventListener<Events, E>, context?: unknown): this {
    return this.on(event, fn, context)
  }

  override once<E extends EventEmitter.EventNames<Events>>(event: E, fn: EventEmitter.EventListener<Events, E>, context?: unknown): this {
    const wrapped = this.#wrap(event, fn as Handler, context)
    const first: Handler = (...args) => {
      this.#wrapped.get(event)?.delete(fn as Handler)
      return wrapped(...args)
    }
    this.#wrapped.get(event)?.set(fn as Handler, first)
    return super.once(event, first as EventEmitter.EventListener<Events, E>)
  }

  override off<E extends EventEmitter.EventNames<Events>>(event: E, fn?: EventEmitter.EventListener<Events, E>, context?: unknown, once?: boolean): this {
    if (fn === undefined) return super.off(event, undefined, context, once)
    const wrapped = this.#wrapped.get(event)?.get(fn as Handler)
    if (wrapped === undefined) return this
    this.#wrapped.get(event)?.delete(fn as Handler)
    return super.off(event, wrapped as EventEmitter.EventListener<Events, E>)
  }

  override removeListener<E extends EventEmitter.EventNames<Events>>(event: E, fn?: EventEmitter.EventListener<Events, E>, context?: unknown, once?: boolean): this {
    return this.off(event, fn, context, once)
  }

  override removeAllListeners(event?: EventEmitter.EventNames<Events>): this {
    if (event === undefined) this.#wrapped.clear()
    else this.#wrapped.delete(event)
    return super.removeAllListeners(event)
  }

  override emit<E extends EventEmitter.EventNames<Events>>(event: E, ...args: Parameters<EventEmitter.EventListener<Events, E>>): boolean {
    const heard = super.emit(event, ...args)
    if (!heard && event === 'error') uncaught(args[0])
    return heard
  }

  #wrap(event: EventEmitter.EventNames<Events>, fn: Handler, context: unknown): Handler {
    if (typeof fn !== 'function') throw new TypeError('The listener must be a function')
    const wrapped: Handler = (...args) => {
      try {
        const result = fn.apply(context ?? this, args)
        if (result instanceof Promise) result.catch((error: unknown) => this.#rejected(event, error))
      } catch (error) {
        uncaught(error)
      }
    }
    let ofEvent = this.#wrapped.get(event)
    if (ofEvent === undefined) this.#wrapped.set(event, (ofEvent = new Map()))
    ofEvent.set(fn, wrapped)
    return wrapped
  }

  #rejected(event: EventEmitter.EventNames<Events>, error: unknown): void {
    // A handler of `error` that fails would be asked again and again.
    if (event === 'error') uncaught(error)
    else this.emit('error' as EventEmitter.EventNames<Events>, ...([error] as Parameters<EventEmitter.EventListener<Events, EventEmitter.EventNames<Events>>>))
  }
}

/** Thrown where nothing of ours can catch it, nor be interrupted by it. */
function uncaught(error: unknown): void {
  process.nextTick(() => {
    throw error
  })
}
