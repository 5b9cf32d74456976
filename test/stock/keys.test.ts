import { expect, test } from 'vitest'
import { keyCases } from '../kernel/support/key-cases.js'
import { expectRoundTrip } from '../kernel/support/key-round-trip.js'
import { useOvs } from '../kernel/support/ovs.js'

const lab = useOvs()

/** Here keys cost seconds, and the others are the same in each kernel. */
const cases = keyCases.filter(({ key }) => Object.keys(key).some((member) => member.startsWith('ct')))

test('what a flow says of connections, zones as well, is put, dumped as it was put, and shown by ovs-dpctl as by us', async () => {
  expect(await expectRoundTrip(await lab.datapath('kya'), await lab.datapath('kyb'), cases)).toEqual({ zones: true })
})
