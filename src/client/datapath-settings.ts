import { InvalidValueError } from '../netlink/errors.js'
import type { MemberNames } from '../netlink/members.js'
import { DatapathFeatures } from '../ovs/datapath.js'

/** Names of {@link DatapathFeatures}. */
export type DatapathFeature = keyof typeof DatapathFeatures

/** What can be set of a datapath. */
export interface DatapathSettings {
  /** Those that are to be on. */
  features?: readonly DatapathFeature[]
  /** Entries of the mask cache: 0 or a power of two. */
  masksCacheSize?: number
}

/** @internal */
export const DATAPATH_SETTINGS: MemberNames<DatapathSettings> = { features: true, masksCacheSize: true }

/** @internal @throws InvalidValueError */
export function checkCacheSize(size: number | undefined): void {
  if (size === undefined || size === 0 || (Number.isInteger(size) && size > 0 && (size & (size - 1)) === 0)) return
  throw new InvalidValueError('a mask cache has 0 entries or a power of two', size, 'The kernel\'s own choice is 256.', ['OVS_DP_ATTR_MASKS_CACHE_SIZE'])
}

/** @internal The bits of all features that have names. */
export const ALL_FEATURES = Object.values(DatapathFeatures).reduce((all, bit) => all | bit, 0)

/** The bits of these features. @throws InvalidValueError */
export function featureBits(names: readonly DatapathFeature[]): number {
  return names.reduce((bits, name) => {
    const bit = Object.hasOwn(DatapathFeatures, name) ? DatapathFeatures[name] : undefined
    if (bit === undefined) throw new InvalidValueError('there is no such feature', name, `There are ${Object.keys(DatapathFeatures).join(', ')}.`)
    return bits | bit
  }, 0)
}

/** The features of these bits, as far as they have names. */
export function featureNames(bits: number): DatapathFeature[] {
  return (Object.keys(DatapathFeatures) as DatapathFeature[]).filter((name) => bits & DatapathFeatures[name])
}
