import { expect, test } from 'vitest'
import { answered, incapable } from '../kernel/support/capabilities.js'
import { useOvs } from '../kernel/support/ovs.js'

const lab = useOvs()

test('a kernel as Debian builds it can all that is asked about but what is newer than it', async () => {
  const capabilities = await lab.ovs.capabilities()
  expect(answered(capabilities, false)).toEqual(incapable({ zones: true }))
  expect(answered(capabilities, 'unknown')).toEqual([])
})
