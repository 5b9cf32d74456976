import type { Action } from '../ovs/action.js'
import { formatKey } from './key.js'

/** Actions as `ovs-dpctl dump-flows` prints them; an empty list drops. */
export function formatActions(actions: readonly Action[]): string {
  return actions.length === 0 ? 'drop' : actions.map(formatAction).join(',')
}

function formatAction(action: Action): string {
  if ('output' in action) return String(action.output)
  if ('userspace' in action) {
    const { pid = 0, userdata, actions, egressTunPort } = action.userspace
    const items = [`pid=${pid}`]
    if (userdata !== undefined) items.push(`userdata(${Buffer.from(userdata).toString('hex')})`)
    if (actions) items.push('actions')
    if (egressTunPort !== undefined) items.push(`tunnel_out_port=${egressTunPort}`)
    return `userspace(${items.join(',')})`
  }
  if ('set' in action) return `set(${formatKey(action.set)})`
  if ('setMasked' in action) return `set(${formatKey(action.setMasked.key, action.setMasked.mask)})`
  if ('pushVlan' in action) {
    const { tpid, tci } = action.pushVlan
    const type = tpid === 0x8100 ? '' : `tpid=0x${tpid.toString(16).padStart(4, '0')},`
    return `push_vlan(${type}vid=${tci & 0xfff},pcp=${tci >> 13}${tci & 0x1000 ? '' : ',cfi=0'})`
  }
  if ('popVlan' in action) return 'pop_vlan'
  if ('sample' in action) {
    const { probability = 0, actions = [] } = action.sample
    return `sample(sample=${((100 * probability) / 0xffff_ffff).toFixed(1)}%,actions(${formatActions(actions)}))`
  }
  if ('recirc' in action) return `recirc(0x${action.recirc.toString(16)})`
  if ('hash' in action) return `hash(${action.hash.alg === 0 ? 'l4' : `alg ${action.hash.alg}`}(${action.hash.basis}))`
  if ('trunc' in action) return `trunc(${action.trunc.maxLen})`
  if ('ctClear' in action) return 'ct_clear'
  if ('meter' in action) return `meter(${action.meter})`
  if ('clone' in action) return `clone(${formatActions(action.clone)})`
  if ('drop' in action) return 'drop'
  const { number, bytes } = action.unknown
  return `action${number}(${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')})`
}
