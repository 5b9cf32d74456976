import type { OutOf } from '../netlink/codec.js'
import { type Action, ActionAttributes } from '../ovs/action.js'
import { HashAlg } from '../ovs/action-arguments.js'
import type { MplsLse } from '../ovs/mpls.js'
import { formatCt } from './ct.js'
import { formatKey } from './key.js'
import { nsh as nshForm } from './nsh.js'

type Table = typeof ActionAttributes.table

/**
 * How each action is written. `ovs-dpctl` 3.1 takes the numbers of `decTtl`, `drop` and `psample` for
 * actions of its own and prints nonsense: these are as later releases of Open vSwitch print them.
 */
const FORMATS: { readonly [Name in keyof Table]: (value: OutOf<Table[Name]['codec']>) => string } = {
  output: String,
  userspace({ pid = 0, userdata, actions, egressTunPort }) {
    const items = [`pid=${pid}`]
    if (userdata !== undefined) items.push(`userdata(${hexadecimal(userdata)})`)
    if (actions) items.push('actions')
    if (egressTunPort !== undefined) items.push(`tunnel_out_port=${egressTunPort}`)
    return `userspace(${items.join(',')})`
  },
  set: (key) => `set(${formatKey(key)})`,
  setMasked: ({ key, mask }) => `set(${formatKey(key, mask)})`,
  pushVlan({ tpid, tci }) {
    const type = tpid === 0x8100 ? '' : `tpid=0x${tpid.toString(16).padStart(4, '0')},`
    return `push_vlan(${type}vid=${tci & 0xfff},pcp=${tci >> 13}${tci & 0x1000 ? '' : ',cfi=0'})`
  },
  popVlan: () => 'pop_vlan',
  sample: ({ probability = 0, actions = [] }) => `sample(sample=${((100 * probability) / 0xffff_ffff).toFixed(1)}%,actions(${formatActions(actions)}))`,
  recirc: (id) => `recirc(${id === 0 ? '0' : hex(id)})`,
  hash: ({ alg, basis }) => `hash(${alg === HashAlg.l4 ? 'l4' : alg === HashAlg.symL4 ? 'sym_l4' : `alg ${alg}`}(${basis}))`,
  pushMpls: ({ lse, ethertype }) => `push_mpls(${formatLse(lse)},eth_type=${hex(ethertype)})`,
  popMpls: (ethertype) => `pop_mpls(eth_type=${hex(ethertype)})`,
  ct: formatCt,
  trunc: ({ maxLen }) => `trunc(${maxLen})`,
  pushEth: ({ src, dst }) => `push_eth(src=${src},dst=${dst})`,
  popEth: () => 'pop_eth',
  ctClear: () => 'ct_clear',
  pushNsh: ({ nsh = {} }) => `push_nsh(${nshForm.format(nsh, undefined, false) ?? ''})`,
  popNsh: () => 'pop_nsh()',
  meter: (id) => `meter(${id})`,
  clone: (actions) => `clone(${formatActions(actions)})`,
  checkPktLen: ({ pktLen = 0, actionsIfGreater = [], actionsIfLessEqual = [] }) =>
    `check_pkt_len(size=${pktLen},gt(${formatActions(actionsIfGreater)}),le(${formatActions(actionsIfLessEqual)}))`,
  addMpls: ({ lse, ethertype }) => `add_mpls(${formatLse(lse)},eth_type=${hex(ethertype)})`,
  decTtl: ({ action = [] }) => `dec_ttl(le_1(${formatActions(action)}))`,
  drop: () => 'drop',
  psample: ({ group = 0, cookie }) => `psample(group=${group}${cookie === undefined ? '' : `,cookie=0x${hexadecimal(cookie)}`})`,
}

/** Actions as `ovs-dpctl dump-flows` prints them; an empty list drops. */
export function formatActions(actions: readonly Action[]): string {
  return actions.length === 0 ? 'drop' : actions.map(formatAction).join(',')
}

function formatAction(action: Action): string {
  if ('unknown' in action) {
    const { number, bytes } = action.unknown
    return `action${number}(${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')})`
  }
  const [name, value] = Object.entries(action)[0] as [keyof Table, never]
  return FORMATS[name](value)
}

/** An MPLS label stack entry, as it stands in actions. */
function formatLse({ label, tc, ttl, bos }: OutOf<typeof MplsLse>): string {
  return `label=${label},tc=${tc},ttl=${ttl},bos=${bos}`
}

const hex = (value: number) => `0x${value.toString(16)}`
const hexadecimal = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
