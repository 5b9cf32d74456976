/**
 * The syntax of `ovs-dpctl`. Needs no kernel and no libnl.
 *
 * @packageDocumentation
 */
export { formatActions } from './actions.js'
export { formatFlow, type FormatFlowOptions, formatUfid } from './flow.js'
export { formatKey } from './key.js'
