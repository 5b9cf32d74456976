import { attribute, attributes, type Infer, nested } from '../netlink/attributes.js'
import { text, u16, u32 } from '../netlink/codec.js'
import { nestedList } from '../netlink/nested-list.js'
import { family } from './family.js'
import { CommandPolicyAttributes, numbered, PolicyTypeAttributes } from './policy.js'

/** `CTRL_ATTR_OP_*`: an operation of a family. */
export const OperationAttributes = attributes('CTRL_ATTR_OP', {
  /** `CTRL_ATTR_OP_ID`: the command's number. */
  id: attribute(1, u32),
  /** `CTRL_ATTR_OP_FLAGS`: what it can and needs, see {@link OperationFlags}. */
  flags: attribute(2, u32),
})

/** `CTRL_ATTR_MCAST_GRP_*`: a multicast group of a family, in the kernel's order. */
export const GroupAttributes = attributes('CTRL_ATTR_MCAST_GRP', {
  /** `CTRL_ATTR_MCAST_GRP_ID`: the number to join it by; given anew when the module is loaded. */
  id: attribute(2, u32),
  /** `CTRL_ATTR_MCAST_GRP_NAME` */
  name: attribute(1, text(15)),
})

/** `CTRL_ATTR_*`: what the controller says of a family (`linux/genetlink.h`). */
export const ControllerAttributes = attributes('CTRL_ATTR', {
  /** `CTRL_ATTR_FAMILY_NAME` */
  familyName: attribute(2, text(15)),
  /** `CTRL_ATTR_FAMILY_ID`: the message type; given anew when the module is loaded. */
  familyId: attribute(1, u16),
  /** `CTRL_ATTR_VERSION`: the family's version, which its requests carry. */
  version: attribute(3, u32),
  /** `CTRL_ATTR_HDRSIZE`: length of the family's own header behind `struct genlmsghdr`, in bytes. */
  hdrsize: attribute(4, u32),
  /** `CTRL_ATTR_MAXATTR`: the highest attribute number that the kernel knows; 0 where each operation has its own. */
  maxattr: attribute(5, u32),
  /** `CTRL_ATTR_OPS` */
  ops: attribute(6, nestedList(nested(() => OperationAttributes))),
  /** `CTRL_ATTR_MCAST_GROUPS` */
  mcastGroups: attribute(7, nestedList(nested(() => GroupAttributes))),
  /** `CTRL_ATTR_OP`: the command whose policy is asked for. */
  op: attribute(10, u32),
  /** `CTRL_ATTR_OP_POLICY`: which policy each command has. */
  opPolicy: attribute(9, numbered(CommandPolicyAttributes), { nestedFlag: true }),
  /** `CTRL_ATTR_POLICY`: attributes of a policy, by the policy's index and then by their numbers. */
  policy: attribute(8, numbered(numbered(PolicyTypeAttributes)), { nestedFlag: true }),
})

/** The controller of generic netlink, itself a family (`nlctrl`), whose id never changes. */
export const Controller = family({
  name: 'nlctrl',
  version: 2,
  attributes: ControllerAttributes,
  commands: {
    /** `CTRL_CMD_NEWFAMILY`: the answer to `getfamily`; in the group `notify`, a family that was registered. */
    newfamily: 1,
    /** `CTRL_CMD_DELFAMILY`: in the group `notify`, a family that was unregistered. */
    delfamily: 2,
    /** `CTRL_CMD_GETFAMILY`: one by its name or id, or a dump of all. */
    getfamily: 3,
    /** `CTRL_CMD_NEWOPS`: not used by the kernel. */
    newops: 4,
    /** `CTRL_CMD_DELOPS`: not used by the kernel. */
    delops: 5,
    /** `CTRL_CMD_GETOPS`: not used by the kernel. */
    getops: 6,
    /** `CTRL_CMD_NEWMCAST_GRP`: in the group `notify`, a multicast group that was registered. */
    newmcastGrp: 7,
    /** `CTRL_CMD_DELMCAST_GRP`: in the group `notify`, a multicast group that was unregistered. */
    delmcastGrp: 8,
    /** `CTRL_CMD_GETPOLICY`: a dump of what a family's commands want of their attributes (5.10 and newer). */
    getpolicy: 10,
  },
  groups: ['notify'],
})

/** The controller's message type (`GENL_ID_CTRL`). */
export const CONTROLLER_ID = 0x10

/** Bits of an operation's flags (`GENL_*`). */
export const OperationFlags = {
  /** `GENL_ADMIN_PERM`: needs CAP_NET_ADMIN in the first user namespace. */
  adminPerm: 0x01,
  /** `GENL_CMD_CAP_DO` */
  capDo: 0x02,
  /** `GENL_CMD_CAP_DUMP` */
  capDump: 0x04,
  /** `GENL_CMD_CAP_HASPOL`: has a published policy. */
  capHasPolicy: 0x08,
  /** `GENL_UNS_ADMIN_PERM`: needs CAP_NET_ADMIN in the user namespace that owns the network namespace. */
  unsAdminPerm: 0x10,
} as const

/** What the kernel says of one of its families. */
export interface FamilyInfo {
  /** The message type. */
  readonly id: number
  /** The kernel's name. */
  readonly name: string
  /** The kernel's version of it. */
  readonly version: number
  /** Length of the family's own header, in bytes. */
  readonly headerSize: number
  /** The highest attribute number that the kernel knows. */
  readonly maxAttribute: number
  /** Commands with their {@link OperationFlags}. */
  readonly operations: readonly OperationInfo[]
  /** Ids of the multicast groups by their names. */
  readonly groups: ReadonlyMap<string, number>
}

/** What the kernel says of one operation of a family. */
export interface OperationInfo {
  /** The command's number. */
  readonly command: number
  /** {@link OperationFlags}, ORed. */
  readonly flags: number
}

/** The controller's answer as a {@link FamilyInfo}. */
export function familyInfo(reply: Infer<typeof ControllerAttributes>): FamilyInfo {
  return {
    id: reply.familyId ?? 0,
    name: reply.familyName ?? '',
    version: reply.version ?? 0,
    headerSize: reply.hdrsize ?? 0,
    maxAttribute: reply.maxattr ?? 0,
    operations: (reply.ops ?? []).map((each) => ({ command: each.id ?? 0, flags: each.flags ?? 0 })),
    groups: new Map((reply.mcastGroups ?? []).map((each) => [each.name ?? '', each.id ?? 0])),
  }
}
