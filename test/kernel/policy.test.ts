import { expect, test } from 'vitest'
import { Controller } from '../../src/genetlink/controller.js'
import type { AnyFamily } from '../../src/genetlink/family.js'
import type { AttributePolicies, AttributePolicy, PolicyType } from '../../src/genetlink/policy.js'
import type { Entry } from '../../src/netlink/attributes.js'
import { flag } from '../../src/netlink/codec.js'
import { openGenericNetlink } from '../../src/netlink.js'
import { families } from '../uapi/ours.js'

/** Numbers are checked for their size, and for their sign where they can have one. */
const SIZES: Readonly<Partial<Record<PolicyType, number>>> = { u8: 1, s8: 1, u16: 2, s16: 2, u32: 4, s32: 4, u64: 8, s64: 8 }

/** What our codec makes of an attribute that the kernel's policy would refuse, or the other way round. */
function disagreement({ kernelName, codec: { least, most, describe }, codec }: Entry, policy: AttributePolicy): string[] {
  const size = SIZES[policy.type]
  const wrong = (ours: string) => [`${kernelName} is ${policy.type}, ours is ${ours}`]
  if (size !== undefined) {
    if (least !== size || most !== size) return wrong(describe)
    // What is never negative may be read without a sign.
    return policy.type.startsWith('s') && policy.min !== 0n && !describe.startsWith('s') ? wrong(describe) : []
  }
  if (policy.type === 'flag') return codec === flag ? [] : wrong(describe)
  if (policy.type === 'nulString') return describe.startsWith('text') && most === (policy.maxLength ?? most) + 1 ? [] : wrong(describe)
  if (policy.type === 'nested') return least < most && !/^(text|\d+ (to \d+ )?bytes)/.test(describe) ? [] : wrong(describe)
  if (policy.type === 'binary') return least >= (policy.minLength ?? 0) && most <= (policy.maxLength ?? most) ? [] : wrong(describe)
  return [`${kernelName} is ${policy.type}, of which nothing is known here`]
}

function disagreements({ attributes }: AnyFamily, policies: AttributePolicies): string[] {
  return [...policies].flatMap(([number, policy]) => {
    const entry = attributes.entry(number)
    return entry === undefined ? [`attribute ${number} (${policy.type}) is not in ${attributes.prefix}_*`] : disagreement(entry, policy)
  })
}

/** What the kernel reads without a policy for its type, or only writes. */
const UNPUBLISHED: Readonly<Record<string, readonly string[]>> = {
  ovs_datapath: ['stats', 'megaflowStats', 'perCpuPids'],
  ovs_vport: ['stats', 'upcallPid'],
  ovs_flow: ['ufid', 'used', 'stats', 'tcpFlags'],
  ovs_packet: ['packet', 'userdata', 'egressTunKey', 'len'],
  ovs_meter: ['stats'],
  ovs_ct_limit: [],
}

test.each(families.map((definition) => [definition.name, definition] as const))('%s: our codecs agree with what the kernel says of every command', async (name, definition) => {
  using netlink = openGenericNetlink()
  const commands = await netlink.policy(name)
  const policies = [...commands.values()].flatMap((command) => [command.do ?? [], command.dump ?? []] as AttributePolicies[]).filter((each) => each.size > 0)
  expect(policies.length).toBeGreaterThan(0)
  expect([...new Set(policies.flatMap((each) => disagreements(definition, each)))]).toEqual([])
})

test.each(families.filter(({ name }) => name.startsWith('ovs_')).map((definition) => [definition.name, definition] as const))('%s: the kernel has a policy for every attribute but those', async (name, { attributes }) => {
  using netlink = openGenericNetlink()
  const { maxAttribute } = await netlink.resolve(name)
  const published = new Set([...(await netlink.policy(name)).values()].flatMap((command) => Array.from(command.do?.keys() ?? [])))
  const known = (attributes.entries as readonly Entry[]).filter(({ number }) => number <= maxAttribute)
  expect(known.filter(({ number }) => !published.has(number)).map((entry) => entry.name).toSorted()).toEqual((UNPUBLISHED[name] as string[]).toSorted())
})

test('a policy says what each command takes, and how much of it', async () => {
  using netlink = openGenericNetlink()
  const vport = (await netlink.policy('ovs_vport')).get(1)?.do
  expect(vport?.get(1)).toEqual({ type: 'u32', min: 0n, max: 0xffff_ffffn })
  expect(vport?.get(3)).toEqual({ type: 'nulString', maxLength: 15 })
  expect(vport?.get(4)).toEqual({ type: 'nested' })
  expect(vport?.get(8)).toEqual({ type: 's32', min: 0n, max: 0x7fff_ffffn })
  const datapath = await netlink.policy('ovs_datapath')
  expect([...datapath.keys()].toSorted()).toEqual([1, 2, 3, 4])
  expect(datapath.get(1)?.do?.get(7)).toMatchObject({ type: 'u32', max: 4096n })
  expect(datapath.get(2)).not.toHaveProperty('dump')
})

test('the controller says what it wants itself', async () => {
  using netlink = openGenericNetlink()
  const policy = await netlink.policy(Controller.name)
  const getFamily = policy.get(Controller.commands.getfamily)?.do
  expect(getFamily?.get(2)).toEqual({ type: 'nulString', maxLength: 15 })
})

test('a family that there is not has no policy', async () => {
  using netlink = openGenericNetlink()
  await expect(netlink.policy('ovs_nothing')).rejects.toMatchObject({ code: 'OVS_NO_FAMILY' })
})
