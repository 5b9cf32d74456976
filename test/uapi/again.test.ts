import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { encodedAgain, type RecordedMessage } from './again.js'
import { changed, longerBy, twice } from './changed.js'
import { families } from './ours.js'

/** Made by scripts/record.mjs; a file's name says the kernel that sent its messages. */
const folder = join(import.meta.dirname, '../fixtures')
const files = readdirSync(folder).filter((name) => name.startsWith('messages-'))

describe.each(files)('%s', (file) => {
  const messages = JSON.parse(readFileSync(join(folder, file), 'utf8')) as RecordedMessage[]

  test('has messages of every family, upcalls of both kinds among them', () => {
    expect([...new Set(messages.map(({ family }) => family))].toSorted()).toEqual(families.map(({ name }) => name).toSorted())
    const commands = messages.filter(({ family }) => family === 'ovs_packet').map(({ payload }) => payload.slice(0, 2))
    expect([...new Set(commands)].toSorted()).toEqual(['01', '02'])
  })

  test('is the same bytes again', () => {
    expect(messages.flatMap((message) => encodedAgain(message) ?? [])).toEqual([])
  })

  test('is so with an attribute of a newer kernel at any place', () => {
    const newer = '0500ff3f2a000000'
    const inserted = messages.flatMap(({ family, payload }) => {
      const start = (family === 'nlctrl' ? 4 : 8) * 2
      if (payload.length === start) return []
      // Behind the last one, which may lack its padding, there is no place.
      const places = [start, start + 2 * ((Buffer.from(payload, 'hex').readUInt16LE(start / 2) + 3) & ~3)].filter((at) => at < payload.length)
      return places.map((at) => ({ family, payload: payload.slice(0, at) + newer + payload.slice(at) }))
    })
    expect(inserted.length).toBeGreaterThan(messages.length)
    expect(inserted.flatMap((message) => encodedAgain(message) ?? [])).toEqual([])
  })

  test.each([
    ['that is a byte longer', longerBy(1)],
    ['that is 4 bytes longer', longerBy(4)],
    ['that is 8 bytes longer', longerBy(8)],
    ['that is given twice', twice],
  ])('is so with any attribute %s', (_what, change) => {
    const others = [...changed(messages, change)]
    expect(others.length).toBeGreaterThan(300)
    expect(others.flatMap((message) => encodedAgain(message) ?? [])).toEqual([])
  })
})

test('there are three kernels', () => {
  expect(files.map((name) => /\d+\.\d+/.exec(name)?.[0]).toSorted((a = '', b = '') => a.localeCompare(b, 'en', { numeric: true })).slice(0, 2)).toEqual(['6.1', '6.12'])
  expect(files).toHaveLength(3)
})

test('other bytes would be noticed', () => {
  // What stands in the padding is lost.
  const padded = { family: 'ovs_vport', payload: '01010000050000000600030061002a2a' }
  expect(encodedAgain(padded)).toMatch(/^ovs_vport: 8 bytes in place of 8, different from byte 6/)
})
