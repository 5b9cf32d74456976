import { expect, test } from 'vitest'
import { ControllerAttributes } from '../../src/genetlink/controller.js'
import { readPolicies } from '../../src/genetlink/policy.js'
import { decode, encode } from '../netlink/helpers.js'

async function* answers(...replies: object[]): AsyncGenerator<object> {
  yield* replies
}

const policies = (...replies: object[]) => readPolicies(answers(...replies))
const u = (index: number, attribute: number, said: object) => ({ policy: [{ number: index, value: [{ number: attribute, value: said }] }] })

test('what the kernel says comes back from its bytes, nests with their flag', async () => {
  const replies = [{ opPolicy: [{ number: 3, value: { do: 0 } }] }, u(0, 1, { type: 13 })]
  expect(Buffer.from(encode(ControllerAttributes, u(0, 1, { type: 13 }))).toString('hex')).toBe('14000880100000800c000180080001000d000000')
  expect(replies.map((each) => decode(ControllerAttributes, encode(ControllerAttributes, each)))).toEqual(replies)
  expect(await policies(...replies)).toEqual(new Map([[3, { do: new Map([[1, { type: 'nested' }]]) }]]))
})

test('numbers have ranges and masks, text and bytes have lengths, and an unknown type its number', async () => {
  const found = await policies(
    { opPolicy: [{ number: 1, value: { do: 0, dump: 1 } }, { number: 2, value: { dump: 0 } }] },
    u(0, 1, { minValueU: 1n, maxValueU: 9n, type: 4 }),
    u(0, 2, { minValueS: -1n, maxValueS: 1n, type: 9 }),
    u(0, 3, { mask: 6n, type: 17 }),
    u(0, 4, { bitfield32Mask: 5, type: 15 }),
    u(0, 5, { minLength: 2, maxLength: 4, type: 10 }),
    u(1, 6, { type: 99 }),
  )
  const first = new Map<number, object>([
    [1, { type: 'u32', min: 1n, max: 9n }],
    [2, { type: 's64', min: -1n, max: 1n }],
    [3, { type: 'uint', mask: 6n }],
    [4, { type: 'bitfield32', mask: 5n }],
    [5, { type: 'binary', minLength: 2, maxLength: 4 }],
  ])
  expect(found).toEqual(new Map<number, object>([[1, { do: first, dump: new Map([[6, { type: 'type 99' }]]) }], [2, { dump: first }]]))
})

test('a nest has the policy that it names, which may come later, or be the one around it', async () => {
  const found = await policies({ opPolicy: [{ number: 1, value: { do: 0 } }] }, u(0, 1, { policyIdx: 1, policyMaxtype: 3, type: 13 }), u(0, 2, { policyIdx: 0, type: 14 }), u(1, 3, { type: 1 }))
  const outer = found.get(1)?.do
  expect(outer?.get(1)?.nested).toEqual(new Map([[3, { type: 'flag' }]]))
  expect(outer?.get(2)).toMatchObject({ type: 'nestedArray' })
  expect(outer?.get(2)?.nested).toBe(outer)
})

test('nothing is said of a family without a policy', async () => {
  expect(await policies()).toEqual(new Map())
})
