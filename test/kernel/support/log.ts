import { expect } from 'vitest'
import { dmesg, until } from './commands.js'

const lines = async () => (await dmesg()).match(/netlink: /g)?.length ?? 0

/** The kernel says something of netlink when this is done. It keeps silent for a while once it has said much, so again if need be. */
export async function logs(act: () => Promise<void>): Promise<void> {
  const before = await lines()
  await until(async () => {
    await act()
    return (await lines()) > before
  })
}

/** The kernel says nothing of netlink when this is done. */
export async function logsNothing(act: () => Promise<void>): Promise<void> {
  const before = await lines()
  await act()
  expect(await lines()).toBe(before)
}
