import { describeActions } from '../kernel/support/action-tests.js'
import { useOvs } from '../kernel/support/ovs.js'

const lab = useOvs()

describeActions(() => lab.datapath('sta'), [])
