/** Lists the generic netlink families of the running kernel. Needs no privileges. */
import { openGenericNetlink } from 'ovs-datapath/netlink'

using netlink = openGenericNetlink()
for (const { id, name, version, operations, groups } of await netlink.families()) {
  console.log(`${id}\t${name} v${version}\t${operations.length} operations\t${[...groups.keys()].join(' ')}`)
}
