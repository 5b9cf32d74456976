/**
 * libnl-3 and libnl-genl-3 for Node: their functions, typed, and a netlink socket over them.
 *
 * @packageDocumentation
 */
export { type Aside, lastErrno, type Libnl, libnl, type Pointer } from './bindings.js'
export { LIBNL_VARIABLE, LibraryNotFoundError, loadLibraries, type Libraries } from './library.js'
export { NamespaceError, type NetnsName, NetworkNamespace } from './namespace.js'
export { NetlinkSocket, type SocketOptions } from './socket.js'
