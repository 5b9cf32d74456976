import { readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { FamilyNotFoundError, openOvs } from '../../src/index.js'
import { command } from './support/commands.js'

test('a kernel without openvswitch is told by the family that is missing, and how to load it', async () => {
  const loader = (await readFile('/proc/sys/kernel/modprobe', 'utf8')).trim()
  const modules = (await command('lsmod')).split('\n').map((line) => line.split(' ')[0] ?? '')
  const ovsModules = [...modules.filter((name) => name.startsWith('vport_')), 'openvswitch']
  // Asked for the family, the kernel would load the module by itself.
  await writeFile('/proc/sys/kernel/modprobe', '/bin/false')
  try {
    for (const name of ovsModules) await command('rmmod', name)
    const error = await openOvs().then(() => undefined, (each: unknown) => each)
    expect(error).toBeInstanceOf(FamilyNotFoundError)
    expect(error).toMatchObject({ code: 'OVS_NO_FAMILY', family: 'ovs_datapath' })
    expect((error as Error).message).toMatch(/no generic netlink family "ovs_datapath"\nLoad the module: "modprobe openvswitch"/)
  } finally {
    await writeFile('/proc/sys/kernel/modprobe', loader)
  }
  await (await openOvs()).close()
  for (const name of ovsModules.toReversed()) await command(loader, '-q', '--', name)
})
