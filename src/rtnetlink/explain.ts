import { Errno, errnoName } from '../netlink/errno.js'
import { KernelError, show } from '../netlink/errors.js'
import type { LinkRequest } from './link.js'

type Explanation = readonly [sentence: string, remedy?: string]
type Which = string | number | undefined

function taken(which: Which, { linkinfo }: LinkRequest): Explanation {
  return [
    `there is a network device named ${show(which)} already, or one of kind ${show(linkinfo?.kind)} with the same properties`,
    'Choose another name, or change the one that there is with set(); of tunnels in collect-metadata mode there can be one for each UDP port, of GRE one at all.',
  ]
}

/** What a refusal means, by request and errno; the rules are those of `net/core/rtnetlink.c` and `net/core/dev.c`. */
const EXPLANATIONS: Readonly<Record<string, (which: Which, request: LinkRequest) => Explanation | undefined>> = {
  EPERM: () => [
    'changing network devices needs the capability CAP_NET_ADMIN in the user namespace that owns the network namespace, and in that which owns the one that a device is moved to',
    'Run it as root, or in "unshare --user --map-root-user --net".',
  ],
  ENODEV: (which) => [`there is no network device ${show(which)} in this network namespace`, 'See which there are: links.list().'],
  'link new ENODEV': (_which, { linkinfo }) => [`there is no such device underneath, or no kind ${show(linkinfo?.kind)}`],
  'link new EEXIST': taken,
  'link new EBUSY': taken,
  'link new EOPNOTSUPP': (_which, { linkinfo }) => [`this kernel has no devices of kind ${show(linkinfo?.kind)}, or not with these attributes`, `Load its module: "modprobe ${linkinfo?.kind ?? 'KIND'}".`],
  'link new EINVAL': (which, { linkinfo }) => [`the kernel takes no device of kind ${show(linkinfo?.kind)} named ${show(which)} with these attributes`, 'A name has no slash, colon or white space.'],
  'link del EOPNOTSUPP': (which) => [`the device ${show(which)} cannot be deleted`, 'Loopback and hardware stay; a port of type internal goes with removePort, a datapath\'s own with the datapath.'],
  'link set EINVAL': (_which, { master }) => (master === undefined ? undefined : [`there is no network device with the index ${master}, or it takes no others for its parts`]),
  ESRCH: (_which, { netNsPid }) => [`there is no process ${netNsPid}`],
  'link set EEXIST': (which, { ifname }) => [`the device ${show(which)} cannot be named ${show(ifname)}, or moved: there is one of that name already`],
  'link set EBUSY': (which, { ifname }) =>
    ifname === undefined ? undefined : [`this kernel gives the device ${show(which)} no other name while it is up`, 'Set it down first, in a request of its own.'],
  'link set EADDRINUSE': (which) => [`the UDP port of ${show(which)} is in use`],
}

/** The same refusal with a sentence; anything else as it is. */
export function explain(error: unknown, which: Which, request: LinkRequest = {}): unknown {
  if (!(error instanceof KernelError)) return error
  const code = error.errno === Errno.EPERM ? 'EPERM' : errnoName(error.errno)
  const explanation = (EXPLANATIONS[`${error.request} ${code}`] ?? EXPLANATIONS[code])?.(which, request)
  return explanation === undefined ? error : error.explained(...explanation)
}
