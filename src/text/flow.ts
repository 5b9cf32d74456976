import { LITTLE_ENDIAN, Source } from '../netlink/bytes.js'
import type { FlowMessage } from '../ovs/flow.js'
import { formatActions } from './actions.js'
import { formatKey } from './key.js'

const TCP_FLAG_LETTERS = ['F', 'S', 'R', 'P', '.', 'U', 'E', 'C']

/**
 * A UFID of 16 bytes as Open vSwitch prints it: as four numbers of the machine's own byte order. A
 * shorter one, which the kernel takes but Open vSwitch never makes, as its bytes.
 */
export function formatUfid(ufid: Uint8Array): string {
  if (ufid.length !== 16) return Buffer.from(ufid).toString('hex')
  const source = new Source(ufid)
  const hex = [0, 4, 8, 12].map((at) => source.view.getUint32(at, LITTLE_ENDIAN).toString(16).padStart(8, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** How a flow is written. */
export interface FormatFlowOptions {
  /** CLOCK_MONOTONIC now, in milliseconds, against which `used` counts; this machine's unless said. */
  now?: bigint
}

/**
 * A flow as `ovs-dpctl dump-flows` prints it:
 * `in_port(1),eth(src=…,dst=…),eth_type(0x0800), packets:3, bytes:294, used:1.204s, actions:2`.
 */
export function formatFlow(flow: Omit<FlowMessage, 'dpIfindex'>, { now = process.hrtime.bigint() / 1_000_000n }: FormatFlowOptions = {}): string {
  const { key = {}, mask, stats, used, tcpFlags = 0, actions = [] } = flow
  const seconds = used === undefined ? 'never' : `${(Number(now - used) / 1000).toFixed(3)}s`
  const flags = tcpFlags === 0 ? '' : `, flags:${TCP_FLAG_LETTERS.filter((_, bit) => tcpFlags & (1 << bit)).join('')}`
  return `${formatKey(key, mask)}, packets:${stats?.packets ?? 0n}, bytes:${stats?.bytes ?? 0n}, used:${seconds}${flags}, actions:${formatActions(actions)}`
}
