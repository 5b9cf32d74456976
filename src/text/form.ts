import { AttributeSet, kernelSuffix } from '../netlink/attributes.js'
import { Source } from '../netlink/bytes.js'
import { type AnyCodec, exact } from '../netlink/codec.js'
import type { Struct } from '../netlink/struct.js'
import { Writer } from '../netlink/writer.js'

/**
 * How values of one kind are written, with their masks. `mask` is undefined where all of the value is meant;
 * `undefined` is returned where the mask leaves nothing to say. With `verbose`, that is said as well.
 */
export interface Form<V> {
  format(value: V, mask: V | undefined, verbose: boolean): string | undefined
}

/** A form of any kind of value. */
// oxlint-disable-next-line no-explicit-any
export type AnyForm = Form<any>

/** `0x1f`; zero is `0`, as C's `%#x` has it. */
export const hex = (value: number | bigint): string => (value === 0 || value === 0n ? '0' : `0x${value.toString(16)}`)
/** `0x0800`: always so many digits. */
export const hexOf = (digits: number) => (value: number | bigint): string => `0x${value.toString(16).padStart(digits, '0')}`

/** `portNo` → `port_no`. */
export function snake(name: string): string {
  return kernelSuffix(name).toLowerCase()
}

/** Whether no bit of a mask is set. */
export function isZero(mask: unknown): boolean {
  if (typeof mask === 'string') return /^[0:.]*$/.test(mask)
  if (typeof mask === 'object' && mask !== null) return Object.values(mask).every(isZero)
  return mask === 0 || mask === 0n || mask === undefined
}

/** The mask of a codec's values that covers all, as it is decoded; undefined where sizes differ. */
function exactOf(codec: AnyCodec): unknown {
  if (codec.least !== codec.most || codec.least === 0) return undefined
  const writer = new Writer()
  codec.writeMask(writer, exact)
  return codec.read(new Source(writer.bytes), 0, writer.length)
}

/** The mask that covers nothing. */
export function zeroOf(codec: AnyCodec): unknown {
  return codec.read(new Source(new Uint8Array(codec.least)), 0, codec.least)
}

function isEqual(mask: unknown, full: unknown): boolean {
  if (full instanceof Uint8Array) return full.every((byte, i) => (mask as Uint8Array)[i] === byte)
  return mask === full
}

const plain = (value: unknown): string => (value instanceof Uint8Array ? number128(value) : String(value))

/** One value, and its mask behind a slash. `full` is the mask that needs not be said, `showMask` how another is. */
export function scalar<V>(show: (value: V) => string, isFull: (mask: V) => boolean, showMask: (mask: V) => string): Form<V> {
  return {
    format(value, mask, verbose) {
      if (mask === undefined) return show(value)
      if (!verbose && isZero(mask)) return undefined
      return isFull(mask) ? show(value) : `${show(value)}/${showMask(mask)}`
    },
  }
}

/** A scalar whose full mask follows from its codec; numbers and their masks as they are said to be shown. */
export function scalarOf(codec: AnyCodec, show: (value: never) => string, showMask: (mask: never) => string = maskOf(codec)): Form<unknown> {
  const full = exactOf(codec)
  return scalar(show as (value: unknown) => string, (mask) => isEqual(mask, full), showMask as (mask: unknown) => string)
}

function maskOf(codec: AnyCodec): (mask: never) => string {
  return typeof zeroOf(codec) === 'string' ? plain : typeof zeroOf(codec) === 'object' ? plain : hex
}

/** One of some named values: Open vSwitch takes no mask of them but a whole one. */
export function oneOf(codec: AnyCodec, names: readonly string[]): Form<unknown> {
  const form = scalarOf(codec, (value: number) => names[value] ?? '<error>')
  return { format: (value, mask) => form.format(value, mask, false) }
}

/** Bits by their names, the lowest first: `new|trk`, or with a mask that is not `full`, `+new-trk`. */
export function flags(names: readonly string[], full: number): Form<number> {
  const bits = names.map((name, bit) => [name, 2 ** bit] as const)
  const all = 2 ** names.length - 1
  const rest = (value: number) => (value & ~all) >>> 0
  return {
    format(value, mask, verbose) {
      if (mask !== undefined && (mask & full) !== full) {
        if (isZero(mask & full)) return verbose ? '0/0' : undefined
        const signs = bits.filter(([, bit]) => mask & bit).map(([name, bit]) => `${value & bit ? '+' : '-'}${name}`)
        for (let bit = all + 1; rest(mask & full) >= bit; bit *= 2) if (mask & full & bit) signs.push(`${value & bit ? '+' : '-'}[Unknown]`)
        return signs.join('')
      }
      const shown = bits.filter(([, bit]) => value & bit).map(([name]) => name)
      if (rest(value) !== 0) shown.push(hex(rest(value)))
      return shown.length > 0 ? shown.join('|') : '0'
    },
  }
}

/** Members of a value, in the order in which they are written. */
export interface Part {
  readonly name: string
  readonly member: string
  readonly form: AnyForm
  /** What stands for a mask that is not there. */
  readonly zero: unknown
}

/** `a=1,b=2/0xf`; nothing where no member has something to say. */
export function structure(parts: readonly Part[]): Form<Readonly<Record<string, unknown>>> {
  return {
    format(value, mask, verbose) {
      const items = parts.flatMap(({ name, member, form, zero }) => {
        if (value[member] === undefined) return []
        const text = form.format(value[member], mask === undefined ? undefined : (mask[member] ?? zero), verbose)
        return text === undefined ? [] : `${name}=${text}`
      })
      return items.length > 0 ? items.join(',') : undefined
    },
  }
}

/** How a member's text differs from what follows from its table. */
export interface Override {
  readonly name?: string
  readonly form?: AnyForm | ((codec: AnyCodec) => AnyForm)
}

/** The parts of a structure, or of a nest: each member by its name in snake case, but for the overrides; `order` where it is another. */
export function partsOf(codec: AnyCodec, overrides: Readonly<Record<string, Override>> = {}, order?: readonly string[]): Part[] {
  const codecs: Readonly<Record<string, { readonly codec: AnyCodec }>> = codec instanceof AttributeSet ? codec.table : (codec as Struct<never>).fields
  return (order ?? Object.keys(codecs)).map((member) => {
    const { codec: inner } = codecs[member] as { codec: AnyCodec }
    const { name = snake(member), form } = overrides[member] ?? {}
    return { name, member, form: typeof form === 'function' ? form(inner) : (form ?? formOf(inner, String)), zero: zeroOf(inner) }
  })
}

/** The form that follows from a codec: structures and nests by their members, numbers as `show` has them, all else as it is. */
export function formOf(codec: AnyCodec, show: (value: number) => string): AnyForm {
  if (codec instanceof AttributeSet || 'fields' in codec) return structure(partsOf(codec))
  return scalarOf(codec, ((value: unknown) => (typeof value === 'number' || typeof value === 'bigint' ? show(value as number) : plain(value))) as (value: never) => string)
}

/** Bytes as one number, the first byte the most significant. */
export function hexBytes(bytes: Uint8Array): string {
  return bytes.length === 0 ? '0' : hex(BigInt(`0x${Buffer.from(bytes).toString('hex')}`))
}

/** Open vSwitch prints the 16 bytes of labels as one number of 128 bits, the last byte the most significant. */
export function number128(bytes: Uint8Array): string {
  return hexBytes(bytes.toReversed())
}

/** Bytes one by one: what Open vSwitch prints of what it does not know. */
export function spaced(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
}
