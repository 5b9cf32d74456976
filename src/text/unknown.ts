import type { UnknownAttribute } from '../netlink/unknown-attribute.js'
import { spaced } from './form.js'

/** Attributes that no table knows: `key77(01 ff)`, with a mask `key77(01 ff/ff ff)`. */
export function formatUnknown(values: readonly UnknownAttribute[], masks: readonly UnknownAttribute[] | undefined): string {
  return values
    .map(({ number, bytes }) => {
      const mask = masks?.find((each) => each.number === number)
      return `key${number}(${spaced(bytes)}${mask === undefined ? '' : `/${spaced(mask.bytes)}`})`
    })
    .join(',')
}
