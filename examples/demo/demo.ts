/**
 * The demo: four hosts in network namespaces on one datapath, and the learning switch between them.
 * `npm run demo` runs it in the lab.
 */
import Table from 'cli-table3'
import { release } from 'node:os'
import color from 'picocolors'
import { openOvs } from 'ovs-datapath'
import { formatActions, formatKey } from 'ovs-datapath/text'
import { describe, learningSwitch } from '../learning-switch.js'
import { makeHosts, ping, removeHosts } from './hosts.js'

const title = (text: string) => console.log(`\n${color.bold(color.cyan(text))}`)

/** A table without lines between its rows; columns whose head begins with ">" are aligned right. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const made = new Table({
    head: head.map((each) => color.bold(each.replace(/^>/, ''))),
    colAligns: head.map((each) => (each.startsWith('>') ? 'right' : 'left')),
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  })
  made.push(...rows.map((row) => [...row]))
  return made.toString()
}

await using ovs = await openOvs()
const hosts = await makeHosts(4)
const dp = await ovs.createDatapath('demo')
try {
  title(`Linux ${release()}: a datapath, and four hosts in namespaces of their own`)
  for (const { name, address, device } of hosts) {
    const { portNo } = await dp.addPort(device)
    console.log(`  ${name} ${color.dim(address)} ── eth0 ═══ ${device} ── port ${portNo} ${color.dim('of')} demo`)
  }

  const upcalls = await learningSwitch(dp)
  title('The switch learns: packets that no flow matched, sent up by the kernel')
  upcalls.on('miss', (packet) => console.log(`  ${color.yellow('miss')} ${describe(packet)}`))
  upcalls.on('overrun', (overrun) => console.log(color.red(`  upcalls were lost: ${overrun.lost}`)))

  let lost = 0
  const times: string[][] = []
  for (const from of hosts) {
    const cells = [color.bold(from.name)]
    for (const to of hosts) {
      const answers = from === to ? undefined : await ping(from, to)
      if (answers !== undefined) lost += 3 - answers.length
      const [first, ...others] = answers ?? []
      cells.push(answers === undefined ? '' : first === undefined ? color.red('no answer') : `${first.toFixed(1)}${color.dim('/')}${Math.min(...others).toFixed(2)}`)
    }
    times.push(cells)
  }
  title('Pings between all of them, in ms: the first, and the fastest of the others')
  console.log('  The first to a new host goes through the switch, the others the kernel does.')
  console.log(table(['from \\ to', ...hosts.map((host) => host.name)], times))

  const ports: string[][] = []
  for await (const { portNo, name, type, stats } of dp.ports()) {
    ports.push([portNo, name, type, stats.rxPackets, stats.txPackets, stats.rxBytes, stats.txBytes].map(String))
  }
  title('Ports')
  console.log(table(['>port', 'device', 'type', '>in', '>out', '>bytes in', '>bytes out'], ports))

  const flows: string[][] = []
  for await (const { key = {}, mask, stats, actions = [] } of dp.flows()) {
    // The switch does not look at the type, and ovs-dpctl says so in every line.
    const match = formatKey(key, mask).replace(',eth_type(0/0x0000)', '')
    flows.push([match, formatActions(actions), String(stats?.packets ?? 0n)])
  }
  title('Flows, as ovs-dpctl writes them')
  console.log(table(['match', 'to', '>packets'], flows.toSorted(([a = ''], [b = '']) => a.localeCompare(b))))

  const { stats } = await dp.info()
  title('Upcalls')
  console.log(`  ${upcalls.counts.misses} misses came up to the switch, dispatched ${upcalls.dispatch === 'perCpu' ? 'per CPU' : 'per vport'}.`)
  console.log(`  ${stats?.hit} packets matched a flow and never left the kernel.`)
  console.log(`  ${stats?.lost} upcalls were lost.`)
  await upcalls.close()

  if (lost > 0) {
    console.error(color.red(`${lost} pings were not answered`))
    process.exitCode = 1
  }
} finally {
  await dp.delete()
  await removeHosts(hosts)
}

const left: string[] = []
for await (const { name } of ovs.datapaths()) left.push(name)
title(`Taken down: ${left.length === 0 ? 'no datapath is left' : `these datapaths are left: ${left.join(', ')}`}`)
