import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { errnoName, errnoText } from '../../src/netlink/errno.js'
import { InvalidValueError, KernelError, OvsError, show, SocketError } from '../../src/netlink/errors.js'

describe('show', () => {
  it.each([
    ['text', '"text"'],
    [5n, '5n'],
    [new Uint8Array(3), '3 bytes'],
    [{ a: 1n, b: new Uint8Array(2), c: Symbol('exact') }, '{"a":"1n","b":"2 bytes","c":"Symbol(exact)"}'],
    [undefined, 'undefined'],
    [null, 'null'],
    [Object.assign(() => 1, {}), 'a function '],
  ])('%o', (value, shown) => {
    expect(show(value)).toBe(shown)
  })

  it('does not follow an object into itself', () => {
    const value: { self?: unknown } = {}
    value.self = value
    expect(show(value)).toBe('an object')
  })

  it('is short, on one line, with nothing that a terminal would obey', () => {
    const value = fc.oneof(fc.anything(), fc.string({ unit: 'binary' }), fc.constant('\u001b[2J\n\u009b31m'), fc.constant(Symbol('\u001b[2J')))
    fc.assert(
      fc.property(value, (each) => {
        const text = show(each)
        expect(text.length).toBeLessThanOrEqual(120)
        // oxlint-disable-next-line no-control-regex
        expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
      }),
    )
  })
})

describe('errors', () => {
  it('say their class and their code', () => {
    const error = new InvalidValueError('must be small', 9)
    expect(error).toBeInstanceOf(OvsError)
    expect(error).toMatchObject({ name: 'InvalidValueError', code: 'OVS_INVALID_VALUE' })
  })

  it('have the remedy on a line of its own', () => {
    expect(new InvalidValueError('must be small', 9, 'Take less.').message).toBe('must be small, got 9\nTake less.')
  })

  it('of the kernel have the errno\'s name as code, and everything that the kernel said', () => {
    const error = new KernelError(22, 'ovs_vport new', { message: 'bad type', attribute: ['A', 'B'], missing: 'C' })
    expect(error.code).toBe('EINVAL')
    expect(error.message).toBe('ovs_vport new: EINVAL, invalid argument: bad type (at A > B) (missing: C)')
  })

  it('of the kernel put our sentence before the kernel\'s', () => {
    expect(new KernelError(17, 'ovs_datapath new', {}, { sentence: 'it exists', remedy: 'Open it.' }).message).toBe('it exists (ovs_datapath new: EEXIST, file already exists)\nOpen it.')
  })

  it('always have a cause', () => {
    expect(new KernelError(22, 'x').cause).toEqual({ errno: 22, name: 'EINVAL', text: 'invalid argument' })
    expect(new SocketError('recv', 105).cause).toEqual({ errno: 105, call: 'recv' })
  })
})

describe('errno', () => {
  it('has the names that the kernel\'s sources write', () => {
    expect([95, 11, 524].map(errnoName)).toEqual(['EOPNOTSUPP', 'EAGAIN', 'errno 524'])
  })

  it('has a text for those that have no name, too', () => {
    expect(errnoText(524)).toBe('unknown error')
  })
})
