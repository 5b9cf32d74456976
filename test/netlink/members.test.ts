import { describe, expect, it } from 'vitest'
import { checkMembers, hint, type MemberNames } from '../../src/netlink/members.js'
import { refused } from './helpers.js'

interface Options {
  portNo?: number
  families?: string[]
}

const names: MemberNames<Options> = { portNo: true, families: true }
const given = (value: unknown) => () => checkMembers(value as Options, 'it', names)

describe('members', () => {
  it('are those that there are', () => {
    given({})()
    given({ portNo: undefined, families: [] })()
    given(Object.create({ portNo: 1 }))()
  })

  it.each(['portno', 'port_no', 'portsNo', 'toString'])('are not %s', (name) => {
    expect(refused(given({ [name]: 1 }))).toMatchObject({ reason: `it has no member "${name}"`, remedy: expect.stringMatching(/^Its members are portNo, families\./) })
  })

  it.each([undefined, null, 'x', 5, []])('are those of an object, not of %j', (value) => {
    expect(refused(given(value)).reason).toBe('it must be an object with portNo, families')
  })

  it('are all named, or it does not compile', () => {
    // @ts-expect-error families is missing
    const missing: MemberNames<Options> = { portNo: true }
    // @ts-expect-error there is no port
    const further: MemberNames<Options> = { portNo: true, families: true, port: true }
    expect([missing, further]).toHaveLength(2)
  })
})

describe('the nearest name', () => {
  it.each([
    ['portno', 'portNo'],
    ['port_no', 'portNo'],
    ['family', 'families'],
    ['dstport', 'dstPort'],
    ['dstPrt', 'dstPort'],
    ['name', 'ifname'],
  ])('of %s is %s', (name, near) => {
    expect(hint(name, ['signal', 'families', 'dstPort', 'portNo', 'ifname'])).toBe(` The nearest is ${near}.`)
  })

  it.each(['modes', 'x', '', 'p'.repeat(10_000)])('of %j is none', (name) => {
    expect(hint(name, ['dispatch', 'receiveBuffer', 'signal'])).toBe('')
  })

  it('of a single one needs no words', () => {
    expect(hint('signals', ['signal'])).toBe('')
  })
})
