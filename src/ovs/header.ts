import { s32 } from '../netlink/codec.js'
import { at, struct } from '../netlink/struct.js'

/** `struct ovs_header`, which every message of the six families begins with. */
export const OvsHeader = struct('ovs_header', 4, {
  /** `dp_ifindex`: interface index of the datapath's local port; 0 for a request that is not about one datapath. */
  dpIfindex: at(0, s32),
})

/** What is wrong when the kernel does not know one of the families. */
export const OVS_REMEDY =
  'Load the module: "modprobe openvswitch". Where the kernel has none (containers, many CI machines), try it in the lab: "npx ovs-lab run -- …".'
