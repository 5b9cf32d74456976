/**
 * The syntax of `ovs-dpctl`. Needs no kernel and no libnl.
 *
 * @packageDocumentation
 */
export { formatActions } from './actions.js'
export { formatFlow, type FormatFlowOptions } from './flow.js'
export { formatKey } from './key.js'
