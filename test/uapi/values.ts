import type { Entry } from '../../src/netlink/attributes.js'
import { LITTLE_ENDIAN, type Source } from '../../src/netlink/bytes.js'
import { constants } from './ours.js'

/** Where numbers travel that are constants of the header: they are seen in the payloads of these attributes. */
interface Place {
  readonly attribute: string
  /** In bytes from the payload's beginning; of an array, in its first item. */
  readonly offset?: number
  readonly size: 1 | 2 | 4 | 8
  /** The constants, by how they begin. */
  readonly names: RegExp
  /** They are bits of the number, not the number. */
  readonly bits?: true
}

const PLACES: readonly Place[] = [
  { attribute: 'OVS_VPORT_ATTR_TYPE', size: 4, names: /^OVS_VPORT_TYPE_/ },
  { attribute: 'OVS_DP_ATTR_USER_FEATURES', size: 4, names: /^OVS_DP_F_/, bits: true },
  { attribute: 'OVS_FLOW_ATTR_UFID_FLAGS', size: 4, names: /^OVS_UFID_F_/, bits: true },
  { attribute: 'OVS_KEY_ATTR_CT_STATE', size: 4, names: /^OVS_CS_F_/, bits: true },
  { attribute: 'OVS_KEY_ATTR_IPV4', offset: 11, size: 1, names: /^OVS_FRAG_TYPE_/ },
  { attribute: 'OVS_KEY_ATTR_IPV6', offset: 39, size: 1, names: /^OVS_FRAG_TYPE_/ },
  { attribute: 'OVS_ACTION_ATTR_HASH', size: 4, names: /^OVS_HASH_ALG_/ },
  { attribute: 'OVS_ACTION_ATTR_ADD_MPLS', offset: 6, size: 2, names: /^OVS_MPLS_L3_TUNNEL_FLAG_MASK$/, bits: true },
  { attribute: 'OVS_BAND_ATTR_TYPE', size: 4, names: /^OVS_METER_BAND_TYPE_/ },
  { attribute: 'OVS_CT_LIMIT_ATTR_ZONE_LIMIT', size: 4, names: /^OVS_ZONE_LIMIT_DEFAULT_ZONE$/ },
  { attribute: 'OVS_VPORT_ATTR_PORT_NO', size: 4, names: /^OVSP_LOCAL$/ },
]

interface Known extends Place {
  readonly constants: readonly (readonly [string, number])[]
}

const places: readonly Known[] = PLACES.map((place) => {
  const named = [...constants].filter((each): each is [string, number] => place.names.test(each[0]) && typeof each[1] === 'number')
  return Object.assign({ constants: named }, place)
})

/** The attributes in which a constant is seen. */
export function placesOf(name: string): readonly string[] {
  return places.filter((place) => place.constants.some(([each]) => each === name)).map(({ attribute }) => attribute)
}

/** The names of the constants in an attribute's payload. */
export function constantsIn({ kernelName }: Entry, { view }: Source, start: number, end: number): string[] {
  return places.filter(({ attribute }) => attribute === kernelName).flatMap(({ offset = 0, size, bits, constants: named }) => {
    const at = start + offset
    if (at + size > end) return []
    const value = size === 1 ? view.getUint8(at) : size === 2 ? view.getUint16(at, LITTLE_ENDIAN) : view.getInt32(at, LITTLE_ENDIAN)
    return named.filter(([, number]) => (bits ? (value & number) !== 0 : value === number)).map(([name]) => name)
  })
}
