import { OvsError } from '../netlink/errors.js'

/**
 * Somebody else now gets the upcalls of a datapath, or of one of its ports, that were a listener's.
 * Code `OVS_TAKEN_OVER`.
 */
export class TakenOverError extends OvsError {
  /** Port ids that get them now. */
  readonly portIds: readonly number[]
  /** Number of the port, where it is only about one. */
  readonly portNo: number | undefined

  constructor(portIds: readonly number[], portNo?: number) {
    const what = portNo === undefined ? 'the datapath' : `port ${portNo}`
    super('OVS_TAKEN_OVER', `the upcalls of ${what} go to somebody else now (netlink port id ${portIds.join(', ')})`, {
      remedy: 'One program at a time can serve a datapath: stop the other one (ovs-vswitchd, another listener), or listen again to take it back.',
    })
    this.portIds = portIds
    this.portNo = portNo
  }
}
