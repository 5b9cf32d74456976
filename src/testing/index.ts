/**
 * A kernel that a script plays, so that code that uses this SDK can be tested without one.
 *
 * @packageDocumentation
 */
export { acknowledgement, done, message, parseDatagram, type RefusalDetails, type SentMessage } from './datagrams.js'
export { FakeKernel, type FakeHandler, type FakeRequest, Refusal } from './fake-kernel.js'
export { type Script, ScriptedTransport } from './scripted-transport.js'
