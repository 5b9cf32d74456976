/**
 * Tells what happens to datapaths, ports and flows, whoever does it, until it is interrupted; or, where it is given a
 * program, while that runs:
 *
 *     npx tsx examples/04-watch.ts                           # and, in another terminal: ovs-dpctl add-dp dp0
 *     npx tsx examples/04-watch.ts ovs-dpctl add-dp dp0
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { pathToFileURL } from 'node:url'
import { type Notification, type Notifications, openOvs, type WatchEvent } from 'ovs-datapath'
import { formatFlow } from 'ovs-datapath/text'

/** One line about an event. */
export function describe(event: WatchEvent): string {
  if (event.type === 'overrun') return `overrun: ${event.error.message}`
  if (event.type === 'resync') return `read again: ${event.added} added, ${event.changed} changed, ${event.removed} removed`
  const who = event.requester === undefined ? '' : event.requester.own ? ' by us' : ` by port id ${event.requester.portId}`
  return `${event.type} in ${event.datapath ?? event.dpIfindex} (${event.reason}${who}): ${what(event)}`
}

function what(event: Notification): string {
  if (event.family === 'flow') return formatFlow(event.value)
  if (event.family === 'vport') return `port ${event.value.portNo}, ${event.value.name}`
  return `features ${event.value.userFeatures}`
}

/** Runs a program and ends the watch behind it: what it did has been told when all was read again. */
export async function during(watch: Notifications, program: string, args: readonly string[]): Promise<void> {
  try {
    await once(spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] }), 'exit')
    await watch.resync()
  } finally {
    await watch.close()
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const abort = new AbortController()
  void once(process, 'SIGINT').then(() => abort.abort())
  await using ovs = await openOvs()
  const watch = await ovs.watch({ families: ['datapath', 'vport', 'flow'], mirror: ['vport', 'flow'], signal: abort.signal })
  const [program, ...args] = process.argv.slice(2)
  const running = program === undefined ? undefined : during(watch, program, args)
  try {
    for await (const event of watch) console.log(describe(event))
    await running
  } catch (error) {
    if (!abort.signal.aborted) throw error
  }
}
