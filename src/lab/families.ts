/** A generic netlink family of the running kernel. */
export interface FamilyInfo {
  name: string
  id: number
  version: number
}

/** The names of the families that make up the OVS datapath. */
export const ovsFamilies = ['ovs_datapath', 'ovs_vport', 'ovs_flow', 'ovs_packet', 'ovs_meter', 'ovs_ct_limit']

/**
 * The OVS families of the kernel that this process runs on, or why they cannot
 * be told. This is the lab's only use of the SDK, loaded when it is asked for:
 * a set-up must work where libnl is not there.
 */
export async function runningFamilies(): Promise<{ families: FamilyInfo[]; problem?: string }> {
  try {
    const { openGenericNetlink } = await import('../kernel/open.js')
    const netlink = openGenericNetlink()
    try {
      return { families: (await netlink.families()).filter(({ name }) => ovsFamilies.includes(name)).map(({ name, id, version }) => ({ name, id, version })) }
    } finally {
      netlink.close()
    }
  } catch (error) {
    return { families: [], problem: error instanceof Error ? error.message : String(error) }
  }
}
