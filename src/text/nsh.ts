import type { NshKey } from '../ovs/nsh.js'

/** An NSH header to push, as `ovs-dpctl` prints it. */
export function formatNshHeader({ base, md1, md2 }: NshKey): string {
  const items: string[] = []
  if (base !== undefined) {
    const { flags, ttl, mdtype, np, pathHdr } = base
    items.push(`flags=${flags}`, `ttl=${ttl}`, `mdtype=${mdtype}`, `np=${np}`, `spi=0x${pathHdr.spi.toString(16)}`, `si=${pathHdr.si}`)
  }
  md1?.context.forEach((context, i) => items.push(`c${i + 1}=0x${context.toString(16)}`))
  if (md2 !== undefined) items.push(`md2=0x${Buffer.from(md2).toString('hex').replace(/^0+(?=.)/, '')}`)
  return items.join(',')
}
