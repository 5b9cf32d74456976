import { Source } from '../netlink/bytes.js'
import { Errno, errnoName } from '../netlink/errno.js'
import { KernelError, show } from '../netlink/errors.js'
import type { ActionsInput } from '../ovs/action.js'
import { actionProblems } from '../ovs/action-rules.js'
import { type FlowKey, FlowKeyAttributes, type FlowKeyInput, type FlowMask } from '../ovs/key.js'
import { maskedKey } from '../ovs/masked-key.js'
import { matchProblems } from '../ovs/match-rules.js'

/** What a request was about, for the sentence that explains its refusal. */
export interface Subject {
  /** Name of the datapath. */
  datapath?: string
  /** Name or number of the port. */
  port?: string | number
  /** Type of the port. */
  type?: string
  /** Id of the meter. */
  meter?: number
  /** What is wrong with a flow's match, where that is known. */
  match?: readonly string[]
  /** What is wrong with the actions of a flow or packet, where that is known. */
  actions?: readonly string[]
}

interface Explanation {
  sentence: string
  remedy?: string
}

const NOT_ALLOWED: Explanation = {
  sentence: 'changing datapaths needs the capability CAP_NET_ADMIN in the user namespace that owns this network namespace',
  remedy: 'Run it as root, with "setcap cap_net_admin+ep" on the node binary, in "unshare --user --map-root-user --net", or in the lab: "npx ovs-lab run -- …".',
}

function refusedFlow({ match = [], actions = [] }: Subject): Explanation {
  // By a match that is wrong, it is not known what its packets are.
  if (match.length > 0) return { sentence: `the kernel does not take this match: ${match.join('; ')}` }
  if (actions.length > 0) return { sentence: `the kernel does not take these actions: ${actions.join('; ')}` }
  return {
    sentence: 'the kernel does not take this key, mask or list of actions',
    remedy: 'Its reason is in the kernel log (dmesg). Often: an action, a key or a part of ct that this kernel does not know (ovs.capabilities() says what it knows), or a helper that it does not have.',
  }
}

/** What a refusal means, by request and errno; the rules are those of `net/openvswitch/datapath.c` and `vport*.c`. */
const EXPLANATIONS: Readonly<Record<string, (subject: Subject) => Explanation>> = {
  'ovs_datapath new EEXIST': ({ datapath }) => ({
    sentence: `a datapath or network device named ${show(datapath)} exists already`,
    remedy: `Open the datapath with openDatapath(${show(datapath)}), or choose another name.`,
  }),
  'ovs_datapath new EINVAL': ({ datapath }) => ({
    sentence: `the kernel takes no network device with the name ${show(datapath)}`,
    remedy: 'A name must not be empty, "." or "..", nor contain a slash, a colon or white space.',
  }),
  'ovs_datapath ENODEV': ({ datapath }) => ({
    sentence: `there is no datapath named ${show(datapath)} in this network namespace`,
    remedy: 'Make it with createDatapath, or see which there are: datapaths().',
  }),
  'ovs_datapath EOPNOTSUPP': ({ datapath }) => ({ sentence: `this kernel does not know all of the features asked of ${show(datapath)}` }),
  'ovs_vport new ENODEV': ({ port, datapath }) => ({
    sentence: `there is no network device named ${show(port)}, or the datapath ${show(datapath)} is gone`,
    remedy: 'A port of type "netdev" needs a device that exists; the type "internal" makes one.',
  }),
  'ovs_vport new EBUSY': ({ port }) => ({
    sentence: `the device ${show(port)} is a port of a datapath or bridge already, or the port number asked for is taken`,
    remedy: 'Remove it there first, or leave the number out: the kernel then takes the lowest that is free.',
  }),
  'ovs_vport new EEXIST': ({ port }) => ({
    sentence: `a network device or port named ${show(port)} exists already`,
    remedy: 'Choose another name; or, unless it is a port already, add the device that there is, with the type "netdev".',
  }),
  'ovs_vport new EINVAL': ({ port, type }) => ({
    sentence: `the kernel does not take ${show(port)} as a port of type ${show(type)}`,
    remedy: 'A loopback device and another datapath\'s internal port cannot be ports; the tunnel types vxlan and geneve need a dstPort; there cannot be more port ids than CPUs.',
  }),
  'ovs_vport new EAFNOSUPPORT': ({ type }) => ({
    sentence: `this kernel has no ports of type ${show(type)}`,
    remedy: `Load its module: "modprobe vport-${type}".`,
  }),
  'ovs_vport new EFBIG': () => ({ sentence: 'the datapath is full, or the port number is not below 65535' }),
  'ovs_vport EFBIG': ({ port }) => ({ sentence: `a port number is below 65535, ${show(port)} is not` }),
  'ovs_vport dump ENODEV': ({ datapath }) => ({ sentence: `the datapath ${show(datapath)} is gone` }),
  'ovs_vport ENODEV': ({ port, datapath }) => ({
    sentence: `the datapath ${show(datapath)} has no port ${show(port)}`,
    remedy: 'See which there are: ports().',
  }),
  'ovs_vport del EINVAL': ({ port, datapath }) => ({
    sentence: `the port ${show(port)} is the datapath's own`,
    remedy: `Delete the datapath ${show(datapath)}: it goes with it.`,
  }),
  'ovs_flow ENODEV': ({ datapath }) => ({ sentence: `the datapath ${show(datapath)} is gone` }),
  'ovs_flow ENOENT': ({ datapath }) => ({
    sentence: `the datapath ${show(datapath)} has no such flow`,
    remedy: 'A flow that was made with a UFID is found by that; any other by its whole key, as it was given.',
  }),
  'ovs_flow new ENOENT': () => ({
    sentence: 'another flow already matches this key: flows must not overlap',
    remedy: 'Change or delete that flow first, or make the masks tell the two apart.',
  }),
  'ovs_flow new EEXIST': () => ({ sentence: 'there is such a flow already', remedy: 'Change its actions with putFlow, or delete it first.' }),
  'ovs_flow EINVAL': refusedFlow,
  'ovs_flow ERANGE': refusedFlow,
  'ovs_flow EOVERFLOW': refusedFlow,
  'ovs_flow EOPNOTSUPP': refusedFlow,
  'ovs_flow errno 524': refusedFlow,
  'ovs_packet EINVAL': refusedFlow,
  'ovs_packet ERANGE': refusedFlow,
  'ovs_packet EOVERFLOW': refusedFlow,
  'ovs_packet EOPNOTSUPP': refusedFlow,
  'ovs_packet errno 524': refusedFlow,
  'ovs_meter ENODEV': ({ datapath }) => ({ sentence: `the datapath ${show(datapath)} is gone` }),
  'ovs_meter get ENOENT': ({ meter, datapath }) => ({ sentence: `the datapath ${show(datapath)} has no meter ${meter}`, remedy: 'Set it first; the kernel cannot tell which there are.' }),
  'ovs_meter set EBUSY': ({ meter }) => ({
    sentence: `another meter has the place of meter ${meter} in the kernel's table, of 1024 places or more`,
    remedy: 'Number meters densely, from 1 on.',
  }),
  'ovs_meter set EFBIG': ({ datapath }) => ({ sentence: `the datapath ${show(datapath)} has as many meters as it can have`, remedy: 'Delete one; meters.features() says how many there can be.' }),
  'ovs_packet execute ENOMEM': () => ({
    sentence: 'the kernel had no memory, or the frame would begin a connection beyond the limit of its zone',
    remedy: 'See the limits that there are: ctLimits.get().',
  }),
  'ovs_packet ENODEV': ({ datapath }) => ({ sentence: `the datapath ${show(datapath)} is gone` }),
}

/** The same refusal with a sentence that says what it means here; anything else as it is. */
export function explain(error: unknown, subject: Subject): unknown {
  if (!(error instanceof KernelError)) return error
  const [family] = error.request.split(' ')
  const code = errnoName(error.errno)
  const explanation =
    code === 'EPERM' ? NOT_ALLOWED : (EXPLANATIONS[`${error.request} ${code}`] ?? EXPLANATIONS[`${family} ${code}`])?.(subject)
  return explanation === undefined ? error : error.explained(explanation.sentence, explanation.remedy)
}

const NOT_TAKEN: ReadonlySet<number> = new Set([Errno.EINVAL, Errno.ERANGE, Errno.EOVERFLOW])

/** A flow, or actions alone, as they were sent: the key of one that has no UFID was reduced. */
interface Refused {
  readonly key?: FlowKeyInput
  readonly mask?: FlowMask | undefined
  readonly ufid?: Uint8Array
  readonly actions: ActionsInput
}

/** What of it the kernel refused, as far as its rules say it. */
export function whatIsWrong(error: unknown, { key, mask, ufid, actions }: Refused): Subject {
  if (!(error instanceof KernelError) || !NOT_TAKEN.has(error.errno)) return {}
  if (key === undefined) return { actions: actionProblems(actions) }
  // What the mask takes away was not sent, so it may be wrong; but it is what was given that the sentences are about.
  const isTaken = ufid === undefined && mask !== undefined && matchProblems(reduced(key, mask), mask).length === 0
  return { match: isTaken ? [] : matchProblems(key, mask), actions: actionProblems(actions, key, mask) }
}

function reduced(key: FlowKeyInput, mask: FlowMask): FlowKey {
  const bytes = maskedKey(key, mask)
  return FlowKeyAttributes.read(new Source(bytes), 0, bytes.length)
}

/** Waits for a request, and explains its refusal. */
export async function explained<T>(request: Promise<T>, subject: Subject): Promise<T> {
  try {
    return await request
  } catch (error) {
    throw explain(error, subject)
  }
}
