import { describe, expect, it } from 'vitest'
import { FamilyNotFoundError, GenericNetlink } from '../../src/genetlink/generic-netlink.js'
import { ClosedError, InvalidValueError, KernelError } from '../../src/netlink/errors.js'
import { acknowledgement, FakeKernel, ScriptedTransport } from '../../src/testing/index.js'
import { Box } from './families.js'

function open() {
  const kernel = new FakeKernel()
  return { kernel, netlink: new GenericNetlink(kernel.dial) }
}

const sent = (kernel: FakeKernel) => kernel.transports.reduce((sum, transport) => sum + transport.sent.length, 0)

describe('a family by name', () => {
  it('is asked for once', async () => {
    const { kernel, netlink } = open()
    kernel.serve(Box, {})
    const [one, two] = await Promise.all([netlink.resolve('box'), netlink.resolve('box')])
    expect(await netlink.resolve('box')).toBe(one)
    expect(two).toBe(one)
    expect(sent(kernel)).toBe(1)
  })

  it('has its groups and header', async () => {
    const { kernel, netlink } = open()
    kernel.serve(Box, {})
    const info = await netlink.resolve('box')
    expect(info).toMatchObject({ name: 'box', version: 3, headerSize: 4 })
    expect([...info.groups.keys()]).toEqual(['boxes', 'lids'])
  })

  it('that there is not is said with what brings it', async () => {
    const { netlink } = open()
    const error = await netlink.family(Box).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(FamilyNotFoundError)
    expect(error).toMatchObject({ code: 'OVS_NO_FAMILY', family: 'box', remedy: 'Build a box.', cause: expect.any(KernelError) })
    expect((error as Error).message).toBe('this kernel has no generic netlink family "box"\nBuild a box.')
  })

  it('is found once it is there, though it was asked for before', async () => {
    const { kernel, netlink } = open()
    await expect(netlink.resolve('box')).rejects.toBeInstanceOf(FamilyNotFoundError)
    kernel.serve(Box, {})
    await expect(netlink.resolve('box')).resolves.toMatchObject({ name: 'box' })
  })

  it('fails with the kernel\'s error where that is another one', async () => {
    const netlink = new GenericNetlink(() => new ScriptedTransport(([request], transport) => transport.queue(acknowledgement(request!, 1))))
    await expect(netlink.resolve('box')).rejects.toMatchObject({ name: 'KernelError', code: 'EPERM' })
  })

  it('whose header is another one is refused', async () => {
    const { kernel, netlink } = open()
    const { header: _, ...bare } = Box
    kernel.serve(Box, {})
    const error = await netlink.family(bare as never).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(InvalidValueError)
    expect((error as Error).message).toContain('the kernel\'s family box has a header of 4 bytes, got 0')
  })
})

describe('all families', () => {
  it('are in the order of their ids', async () => {
    const { kernel, netlink } = open()
    kernel.serve(Box, {})
    expect((await netlink.families()).map(({ id, name }) => [id, name])).toEqual([[16, 'nlctrl'], [32, 'box']])
  })
})

describe('sockets', () => {
  it('serve one request after another', async () => {
    const { kernel, netlink } = open()
    kernel.serve(Box, { del: () => undefined })
    const box = await netlink.family(Box)
    for (let i = 0; i < 3; i++) await box.call('del', {})
    expect(kernel.transports).toHaveLength(1)
  })

  it('of finished dumps are kept, a few of them', async () => {
    const { kernel, netlink } = open()
    kernel.serve(Box, { get: () => [{ shelf: 1 }] })
    const box = await netlink.family(Box)
    const dumps = Array.from({ length: 6 }, () => box.dump('get', {}))
    for (const dump of dumps) await dump.next()
    expect(kernel.transports).toHaveLength(6)
    for (const dump of dumps) expect(await dump.next()).toEqual({ done: true, value: undefined })
    expect(kernel.transports.filter(({ closed }) => !closed)).toHaveLength(4)
  })

  it('are closed with it, those in use as well', async () => {
    const { kernel, netlink } = open()
    kernel.serve(Box, { get: () => [{ shelf: 1 }] })
    const dump = (await netlink.family(Box)).dump('get', {})
    await dump.next()
    netlink.close()
    netlink.close()
    expect(kernel.transports.every(({ closed }) => closed)).toBe(true)
    await expect(dump.next()).rejects.toBeInstanceOf(ClosedError)
  })

  it('are not opened once it is closed', async () => {
    const { netlink } = open()
    netlink.close()
    await expect(netlink.resolve('box')).rejects.toBeInstanceOf(ClosedError)
    expect(() => netlink.dial()).toThrow(ClosedError)
  })

  it('that wait for an answer when it is closed end with ClosedError', async () => {
    const netlink = new GenericNetlink(() => new ScriptedTransport(), { timeout: 60_000 })
    const waiting = netlink.resolve('box')
    netlink.close()
    await expect(waiting).rejects.toBeInstanceOf(ClosedError)
  })
})
