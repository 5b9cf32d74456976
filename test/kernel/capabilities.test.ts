import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { Capabilities } from '../../src/index.js'
import { answered, incapable } from './support/capabilities.js'
import { all, dmesg } from './support/commands.js'
import { useOvs } from './support/ovs.js'

const lab = useOvs()
const root = fileURLToPath(new URL('../..', import.meta.url))

test('the kernel can all that is asked about but what is newer than it, or left out of it', async () => {
  const capabilities = await lab.ovs.capabilities()
  expect(answered(capabilities, false)).toEqual(incapable({ zones: false }))
  expect(answered(capabilities, 'unknown')).toEqual([])
})

test('its limits are those of its source', async () => {
  const { limits } = await lab.ovs.capabilities()
  // MPLS_LABEL_DEPTH, OVS_COPY_ACTIONS_MAX_DEPTH (which the flow's own list does not count for), DP_MAX_BANDS.
  expect(limits).toEqual({ mplsLabels: 3, vlanTags: 2, actionDepth: 17, meters: expect.any(Number) as number, meterBands: 1 })
  expect(limits.meters).toBeGreaterThan(0)
})

test('asking leaves nothing behind: no datapath, no line in the kernel\'s log', async () => {
  const before = await dmesg()
  await Promise.all([lab.ovs.capabilities(), lab.ovs.capabilities()])
  expect(await all(lab.ovs.datapaths())).toEqual([])
  expect((await dmesg()).slice(before.length)).not.toContain('openvswitch')
})

test('without privileges what has to be tried is unknown, and what is published is not', async () => {
  const script = `
    import { openOvs } from 'ovs-datapath'
    const ovs = await openOvs()
    console.log(JSON.stringify(await ovs.capabilities()))
    await ovs.close()`
  const { stdout } = await promisify(execFile)('setpriv', ['--reuid', '65534', '--clear-groups', process.execPath, '--input-type=module', '--eval', script], { cwd: root })
  const capabilities = JSON.parse(stdout) as Capabilities
  const allowed = await lab.ovs.capabilities()
  expect(capabilities.attributes).toEqual(allowed.attributes)
  const tried = (value: Capabilities) => ({ ...value, attributes: {} })
  const everything = [...answered(tried(allowed), true), ...answered(tried(allowed), false)].filter((path) => path !== 'dispatch.perVport')
  expect(answered(tried(capabilities), 'unknown')).toEqual([...everything, ...Object.keys(allowed.limits).map((name) => `limits.${name}`)].toSorted())
})
