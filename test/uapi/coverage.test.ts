import { expect, test } from 'vitest'
import { coverage, formatCoverage, gaps, type Recorded } from './coverage.js'
import { parseHeader } from './header.js'

const header = parseHeader(`
enum ovs_flow_attr { OVS_FLOW_ATTR_UNSPEC, OVS_FLOW_ATTR_KEY, OVS_FLOW_ATTR_STATS, OVS_FLOW_ATTR_PROBE, OVS_FLOW_ATTR_NEWER };
enum ovs_key_attr { OVS_KEY_ATTR_UNSPEC, OVS_KEY_ATTR_TCP };
enum ovs_flow_cmd { OVS_FLOW_CMD_NEW };
enum ovs_vport_type { OVS_VPORT_TYPE_GRE };
#define OVS_FLOW_VERSION 1
`)
const list = [{ name: /_UNSPEC$/, reason: 'zero' }]
const none: Recorded = { release: '6.1.176', sent: [], received: [], same: [] }
const found = (...kernels: Partial<Recorded>[]) => coverage(header, list, kernels.map((each) => Object.assign({}, none, each)))
const gapsOf = (...kernels: Partial<Recorded>[]) => gaps(found(...kernels))

const whole = {
  sent: ['OVS_FLOW_ATTR_KEY', 'OVS_FLOW_ATTR_PROBE', 'OVS_FLOW_CMD_NEW', 'OVS_KEY_ATTR_TCP', 'OVS_KEY_ATTR_TCP as mask'],
  received: ['OVS_FLOW_ATTR_STATS'],
  same: ['OVS_FLOW_ATTR_KEY', 'OVS_KEY_ATTR_TCP', 'OVS_KEY_ATTR_TCP as mask', 'OVS_VPORT_TYPE_GRE'],
}

test('what the header has and our tables have not is a gap', () => {
  expect(gapsOf(whole)).toEqual(['OVS_FLOW_ATTR_NEWER is not modelled'])
})

test.each([
  ['an attribute that goes both ways must come back as it was sent', 'OVS_FLOW_ATTR_KEY', 'there and back'],
  ['one that the kernel only writes must come', 'OVS_FLOW_ATTR_STATS', 'from the kernel'],
  ['one that it only reads must be taken', 'OVS_FLOW_ATTR_PROBE', 'to the kernel'],
  ['a key must come back as a mask, too', 'OVS_KEY_ATTR_TCP as mask', 'there and back'],
  ['a command must be taken', 'OVS_FLOW_CMD_NEW', 'to the kernel'],
  ['a value must come back in its attribute', 'OVS_VPORT_TYPE_GRE', 'there and back'],
])('%s', (_, name, proof) => {
  const without = (names: readonly string[]) => names.filter((each) => each !== name)
  const rest = { sent: proof === 'to the kernel' ? without(whole.sent) : whole.sent, received: without(whole.received), same: without(whole.same) }
  expect(gapsOf(rest)).toContain(`${name} was not seen in any kernel (${proof})`)
  // One kernel of several is enough.
  expect(gapsOf(rest, { ...whole, release: '7.2.7' })).toEqual(['OVS_FLOW_ATTR_NEWER is not modelled'])
})

test('the report counts by enumeration and kernel', () => {
  const lines = formatCoverage(found(whole, { release: '6.12.1-amd64' }), ['6.1', '6.12'], new Map([['ovs_flow_attr', 1]])).split('\n')
  expect(lines[0]?.split(/ {2,}/)).toEqual(['enumeration', 'named', 'left out', 'modelled', '6.1', '6.12'])
  expect(lines[1]?.split(/ +/)).toEqual(['ovs_flow_attr', '5', '1', '3', '3', '0'])
  expect(lines[2]).toBe('    not in 6.12: OVS_FLOW_ATTR_KEY, OVS_FLOW_ATTR_STATS, OVS_FLOW_ATTR_PROBE')
})
