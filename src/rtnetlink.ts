/**
 * Network devices over rtnetlink: make, change, move and delete them, and read their counters.
 *
 * @packageDocumentation
 */
export { type OpenRtnetlinkOptions, openRtnetlink } from './kernel/open.js'
export {
  LinkAttributes,
  LinkCodec,
  LinkFlags,
  LinkHeader,
  type LinkInfo,
  type LinkInfoInput,
  LinkKinds,
  type LinkMessage,
  type LinkRequest,
  LinkStats,
  VethAttributes,
} from './rtnetlink/link.js'
export { type Link, LinkCommands, type LinkInput, Links, type OpenNamespace, type OpenNetns } from './rtnetlink/links.js'
export { Rtnetlink, type RtnetlinkOptions } from './rtnetlink/rtnetlink.js'
export { GeneveAttributes, GreAttributes, VxlanAttributes } from './rtnetlink/tunnels.js'
