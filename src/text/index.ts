/**
 * The syntax of `ovs-dpctl`. Needs no kernel and no libnl.
 *
 * @packageDocumentation
 */
export { formatActions } from './actions.js'
export { formatFlow, type FormatFlowOptions, formatUfid } from './flow.js'
export { formatKey, type FormatKeyOptions } from './key.js'
