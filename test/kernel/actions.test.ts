import { describeActions } from './support/action-tests.js'
import { useOvs } from './support/ovs.js'

const lab = useOvs()

// These kernels are built without zones of connections.
describeActions(() => lab.datapath('dp0'), ['zones'])
