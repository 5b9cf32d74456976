import { afterAll, afterEach, beforeAll } from 'vitest'
import { type Datapath, openOvs, type Ovs } from '../../../src/index.js'

/** Open vSwitch for the tests of a file; the datapaths that a test makes are taken down behind it. */
export function useOvs(): { readonly ovs: Ovs; datapath(name: string): Promise<Datapath> } {
  let ovs: Ovs
  const made = new Set<string>()
  beforeAll(async () => {
    ovs = await openOvs()
  })
  afterEach(async () => {
    for await (const datapath of ovs.datapaths()) if (made.has(datapath.name)) await datapath.delete()
    made.clear()
  })
  afterAll(() => ovs.close())
  return {
    get ovs() {
      return ovs
    },
    async datapath(name) {
      made.add(name)
      return ovs.createDatapath(name)
    },
  }
}
