/**
 * Open vSwitch in the Linux kernel, from Node: datapaths, ports, flows and upcalls.
 *
 * @packageDocumentation
 */
export { Datapath } from './client/datapath.js'
export type { DatapathFeature, DatapathSettings } from './client/datapath-settings.js'
export type { AddPortOptions, Flow, FlowInput, FlowName, FlowsOptions, PacketInput } from './client/inputs.js'
export { CtLimits, type CtLimitsInput, type CtLimitsState, type ZoneLimitInput, type ZoneState } from './client/ct-limits.js'
export type { Answer, Capabilities, Limit } from './client/capabilities.js'
export type { DispatchMode } from './client/dispatch.js'
export { StrictEmitter } from './client/emitter.js'
export { type Meter, type MeterFeatures, type MeterOptions, Meters, type MeterUnit } from './client/meters.js'
export type {
  Change,
  DatapathNotification,
  FlowNotification,
  Notification,
  NotificationFamily,
  NotificationReason,
  NotificationVerb,
  Requester,
  VportNotification,
  WatchEvent,
  WatchOverrun,
  WatchResync,
} from './client/notification.js'
export { Notifications, type WatchCounts, type WatchEvents, type WatchOptions } from './client/notifications.js'
export { openOvs } from './client/open.js'
export type { ActionName, CtName, HashAlgName, KeyName, TunnelKeyName } from './client/probes.js'
export { type DatapathOptions, Ovs } from './client/ovs.js'
export { Port, type PortOptions, type PortStats, type PortUpcallStats } from './client/port.js'
export { TakenOverError } from './client/taken-over.js'
export type { TunnelKind, TunnelPortOptions } from './client/tunnel.js'
export { Upcall } from './client/upcall.js'
export { type ListenOptions, type Overrun, type UpcallCounts, type UpcallEvents, Upcalls } from './client/upcalls.js'
export { type BulkFailure, BulkInterruptedError, type BulkResult } from './genetlink/bulk.js'
export type { OpenOptions } from './kernel/open.js'
export { FamilyNotFoundError } from './genetlink/generic-netlink.js'
export { LibraryNotFoundError } from './libnl/library.js'
export { NamespaceError, type NetnsName } from './libnl/namespace.js'
export { exact, type Exact } from './netlink/codec.js'
export type { AbortOptions } from './netlink/abort.js'
export {
  AbortError,
  ClosedError,
  DumpInterruptedError,
  InvalidValueError,
  KernelError,
  MalformedMessageError,
  OverrunError,
  OvsError,
  SocketError,
  TimeoutError,
  TruncatedError,
} from './netlink/errors.js'
export type { Tail } from './netlink/struct.js'
export type { UnknownAttribute } from './netlink/unknown-attribute.js'
export * from './ovs/index.js'
