import { describe, expect, it } from 'vitest'
import { Controller } from '../../src/genetlink/controller.js'
import { FamilyCodec } from '../../src/genetlink/family.js'
import { GenericNetlink } from '../../src/genetlink/generic-netlink.js'
import { Source } from '../../src/netlink/bytes.js'
import { Writer } from '../../src/netlink/writer.js'
import { ScriptedTransport } from '../../src/testing/index.js'
import { eachMessage } from '../../src/netlink/message.js'
import { FAMILIES } from './golden.js'

/** Gives a recorded dump the sequence number of the request. */
function answer(datagram: Uint8Array, sequence: number): Uint8Array {
  const bytes = Buffer.from(datagram)
  for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at)) bytes.writeUInt32LE(sequence, at + 8)
  return bytes
}

const recorded = () => new GenericNetlink(() => new ScriptedTransport(([sent], transport) => FAMILIES.forEach((datagram) => transport.queue(answer(datagram, sent!.sequence)))))

describe('a recorded dump of families', () => {
  it('has their ids, versions and sizes', async () => {
    const families = await recorded().families()
    expect(families.map(({ id, name, version, headerSize, maxAttribute }) => ({ id, name, version, headerSize, maxAttribute }))).toEqual([
      { id: 16, name: 'nlctrl', version: 2, headerSize: 0, maxAttribute: 0 },
      { id: 17, name: 'VFS_DQUOT', version: 1, headerSize: 0, maxAttribute: 7 },
      { id: 19, name: 'thermal', version: 2, headerSize: 0, maxAttribute: 27 },
    ])
  })

  it('has their operations with what they need', async () => {
    const [controller, quota, thermal] = await recorded().families()
    // CTRL_CMD_GETFAMILY: do, dump, policy. CTRL_CMD_GETPOLICY: dump, policy.
    expect(controller!.operations).toEqual([{ command: 3, flags: 0x0e }, { command: 10, flags: 0x0c }])
    expect(quota!.operations).toEqual([])
    expect(thermal!.operations.map(({ command, flags }) => [command, flags])).toEqual([[1, 0x04], [2, 0x0a], [3, 0x0a], [4, 0x0a], [6, 0x04], [7, 0x0a], [8, 0x0a], [9, 0x0a], [10, 0x0a]])
  })

  it('has their multicast groups', async () => {
    const families = await recorded().families()
    expect(families.map(({ groups }) => Array.from(groups))).toEqual([[['notify', 16]], [['events', 17]], [['sampling', 2], ['event', 3]]])
  })

  it('comes back byte for byte when it is encoded again', () => {
    const codec = new FamilyCodec(Controller)
    const source = new Source(FAMILIES[0]!)
    let messages = 0
    eachMessage(source, 0, source.bytes.length, (_type, _flags, _sequence, start, end) => {
      const writer = new Writer()
      codec.write(writer, codec.commandIn(source, start, end), codec.read(source, start, end))
      expect(Buffer.from(writer.copy()).toString('hex')).toBe(source.bytes.toString('hex', start, end))
      messages++
    })
    expect(messages).toBe(3)
  })
})
