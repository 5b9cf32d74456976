import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { useOvs } from './support/ovs.js'

const lab = useOvs()
const root = fileURLToPath(new URL('../..', import.meta.url))

test('without the capability, reading works and each change is refused with what is missing', async () => {
  const dp = await lab.datapath('era')
  const script = `
    import { openOvs } from 'ovs-datapath'
    const ovs = await openOvs()
    const dp = await ovs.openDatapath('era')
    const tries = [() => ovs.createDatapath('erb'), () => dp.addPort('erc', { type: 'internal' }), () => dp.putFlow({ key: { inPort: 1 }, actions: [] }), () => dp.listen(), () => dp.delete()]
    const said = []
    for (const each of tries) said.push(await each().then(() => 'done', ({ code, message }) => ({ code, message })))
    console.log(JSON.stringify({ name: dp.name, said }))
    await ovs.close()`
  const { stdout } = await promisify(execFile)('setpriv', ['--reuid', '65534', '--clear-groups', process.execPath, '--input-type=module', '--eval', script], { cwd: root })
  const { name, said } = JSON.parse(stdout) as { name: string; said: { code: string; message: string }[] }
  expect(name).toBe('era')
  for (const each of said) {
    expect(each.code).toBe('EPERM')
    expect(each.message).toMatch(/needs the capability CAP_NET_ADMIN in the user namespace that owns this network namespace.*\nRun it as root/)
  }
  expect(said).toHaveLength(5)
  expect(await dp.features()).toEqual(['unaligned', 'vportPids'])
})
