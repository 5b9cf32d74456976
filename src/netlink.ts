/**
 * Netlink and generic netlink for any family: messages, attributes, tables, connections, errors.
 *
 * @packageDocumentation
 */
export { type OpenOptions, openGenericNetlink } from './kernel/open.js'
export { BoundFamily, type BulkRequest, type RequestOptions } from './genetlink/bound-family.js'
export { type BulkFailure, BulkInterruptedError, type BulkResult } from './genetlink/bulk.js'
export { Controller, ControllerAttributes, type FamilyInfo, OperationFlags, type OperationInfo } from './genetlink/controller.js'
export { type AnyFamily, type CommandOf, family, FamilyCodec, type FamilyDefinition, type MessageIn, type MessageOut } from './genetlink/family.js'
export { FamilyNotFoundError, GenericNetlink, type GenericNetlinkOptions } from './genetlink/generic-netlink.js'
export {
  type AttributePolicies,
  type AttributePolicy,
  type CommandPolicy,
  CommandPolicyAttributes,
  type Numbered,
  type PolicyType,
  PolicyTypeAttributes,
  PolicyTypes,
} from './genetlink/policy.js'
export { type AnnouncedMessage, type Announcement, type Loss, subscribe, type Subscriber, type SubscribeOptions, Subscription, type SubscriptionOptions } from './genetlink/subscription.js'
export { formatIpv4, formatIpv6, formatMac, ipv4, ipv6, mac } from './netlink/addresses.js'
export { AttributeList, attributeList, type InferItem, type InferItemInput, type InferItemName } from './netlink/attribute-list.js'
export {
  type Attribute,
  attribute,
  type AttributeOptions,
  attributes,
  AttributeSet,
  type Entry,
  type Infer,
  type InferInput,
  type InferMask,
  type InferName,
  type Nested,
  nested,
  type Table,
  type TableIn,
  type TableMask,
  type TableOut,
  type Unknowns,
  type UnknownsInput,
} from './netlink/attributes.js'
export { bits } from './netlink/bits.js'
export { Source } from './netlink/bytes.js'
export {
  type AnyCodec,
  array,
  be16,
  be32,
  be64,
  binary,
  type Codec,
  exact,
  type Exact,
  fixed,
  flag,
  type InOf,
  type MaskOf,
  type OutOf,
  s32,
  s64,
  text,
  u16,
  u32,
  u64,
  u8,
} from './netlink/codec.js'
export { ConnectionPool, type Connections } from './netlink/connection-pool.js'
export { Connection, type Refusal, type ReplySink } from './netlink/connection.js'
export { MessageFlags, NETLINK_GENERIC } from './netlink/constants.js'
export type { AbortOptions } from './netlink/abort.js'
export {
  AbortError,
  ClosedError,
  DumpInterruptedError,
  type ExtendedAckInfo,
  InvalidValueError,
  KernelError,
  MalformedMessageError,
  OverrunError,
  OvsError,
  type OvsErrorOptions,
  SocketError,
  TimeoutError,
  TruncatedError,
} from './netlink/errors.js'
export { type Hearer, Listener, type ListenerCounts, type Origin } from './netlink/listener.js'
export type { Acknowledgement } from './netlink/message.js'
export { type NestedList, nestedList } from './netlink/nested-list.js'
export { at, type Field, type Struct, struct, type Tail } from './netlink/struct.js'
export { type Reading, Trace, TRACE_VARIABLE, traceFromEnvironment } from './netlink/trace.js'
export type { Dial, DialOptions, Sink, Transport, Watch } from './netlink/transport.js'
export type { UnknownAttribute } from './netlink/unknown-attribute.js'
export { Writer } from './netlink/writer.js'
