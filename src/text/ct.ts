import type { Ct, NatAttributes } from '../ovs/ct-action.js'
import type { Infer } from '../netlink/attributes.js'
import { number128 } from './form.js'

/** The action `ct` as `ovs-dpctl` prints it, which does not print `eventmask`. */
export function formatCt({ commit, forceCommit, zone, mark, labels, helper, timeout, nat }: Ct): string {
  const items: string[] = []
  if (forceCommit) items.push('force_commit')
  else if (commit) items.push('commit')
  if (zone) items.push(`zone=${zone}`)
  if (mark !== undefined) items.push(`mark=0x${mark.value.toString(16)}/0x${mark.mask.toString(16)}`)
  if (labels !== undefined) items.push(`label=${number128(labels.value)}${labels.mask.every((byte) => byte === 0xff) ? '' : `/${number128(labels.mask)}`}`)
  if (helper !== undefined) items.push(`helper=${helper}`)
  if (timeout !== undefined) items.push(`timeout=${timeout}`)
  if (nat !== undefined) items.push(formatNat(nat))
  return items.length === 0 ? 'ct' : `ct(${items.join(',')})`
}

function formatNat({ src, dst, ipMin, ipMax, protoMin, protoMax, persistent, protoHash, protoRandom }: Infer<typeof NatAttributes>): string {
  if (!src && !dst) return 'nat'
  if (ipMin === undefined && (protoMin || protoMax)) return 'nat(error: proto but no IP.)'
  // A port behind an IPv6 address would look like part of it.
  const address = (each: string) => (protoMin && each.includes(':') ? `[${each}]` : each)
  const addresses = ipMin === undefined ? '' : `=${address(ipMin)}${ipMax === undefined ? '' : `-${address(ipMax)}`}`
  const ports = protoMin ? `:${protoMin}${protoMax === undefined ? '' : `-${protoMax}`}` : ''
  const flags = [persistent && 'persistent', protoHash && 'hash', protoRandom && 'random'].filter(Boolean)
  return `nat(${[`${src ? 'src' : 'dst'}${addresses}${ports}`, ...flags].join(',')})`
}
