import { attribute, attributes, eachAttribute, type Infer } from '../netlink/attributes.js'
import type { Source } from '../netlink/bytes.js'
import { type AnyCodec, type Codec, exact, type InOf, type OutOf, s64, u32, u64 } from '../netlink/codec.js'
import { NLA_F_NESTED, NLA_TYPE_MASK } from '../netlink/constants.js'
import { InvalidValueError } from '../netlink/errors.js'

/** One child of a nest whose numbers are not attributes of a table. */
export interface Numbered<V> {
  /** What the child stands for: a policy by its index, an attribute or a command by its number. */
  readonly number: number
  /** What is said of it. */
  readonly value: V
}

/** A nest whose children's numbers mean something, in their order. */
export function numbered<C extends AnyCodec>(of: C): Codec<Numbered<OutOf<C>>[], readonly Numbered<InOf<C>>[], never> {
  return {
    describe: `nest, by number, of ${of.describe}`,
    least: 0,
    most: 65531,
    read(source: Source, start, end) {
      const values: Numbered<OutOf<C>>[] = []
      eachAttribute(source, start, end, (type, from, to) => values.push({ number: type & NLA_TYPE_MASK, value: of.read(source, from, to) }))
      return values
    },
    write(writer, value) {
      for (const each of value) {
        const at = writer.openAttribute(each.number | NLA_F_NESTED)
        of.write(writer, each.value)
        writer.closeAttribute(at)
      }
    },
    writeMask() {
      throw new InvalidValueError('a policy has no mask', exact)
    },
  }
}

/** `CTRL_ATTR_POLICY_*`: which policy a command's requests are held against, by index. */
export const CommandPolicyAttributes = attributes('CTRL_ATTR_POLICY', {
  /** `CTRL_ATTR_POLICY_DO`: of a plain request. */
  do: attribute(1, u32),
  /** `CTRL_ATTR_POLICY_DUMP`: of a dump. */
  dump: attribute(2, u32),
})

/** `NL_POLICY_TYPE_ATTR_*` (`linux/netlink.h`): what the kernel wants of one attribute; in the kernel's order. */
export const PolicyTypeAttributes = attributes(
  'NL_POLICY_TYPE_ATTR',
  {
    /** `NL_POLICY_TYPE_ATTR_POLICY_IDX`: of a nest, the policy of what it holds. */
    policyIdx: attribute(8, u32),
    /** `NL_POLICY_TYPE_ATTR_POLICY_MAXTYPE`: of a nest, the highest number that is looked at within it. */
    policyMaxtype: attribute(9, u32),
    /** `NL_POLICY_TYPE_ATTR_MASK`: of an unsigned number, the bits that it may have. */
    mask: attribute(12, u64),
    /** `NL_POLICY_TYPE_ATTR_MIN_VALUE_U`: of an unsigned number. */
    minValueU: attribute(4, u64),
    /** `NL_POLICY_TYPE_ATTR_MAX_VALUE_U`: of an unsigned number. */
    maxValueU: attribute(5, u64),
    /** `NL_POLICY_TYPE_ATTR_MIN_VALUE_S`: of a number with a sign. */
    minValueS: attribute(2, s64),
    /** `NL_POLICY_TYPE_ATTR_MAX_VALUE_S`: of a number with a sign. */
    maxValueS: attribute(3, s64),
    /** `NL_POLICY_TYPE_ATTR_BITFIELD32_MASK`: the bits that may be named. */
    bitfield32Mask: attribute(10, u32),
    /** `NL_POLICY_TYPE_ATTR_MIN_LENGTH`: of bytes or text, in bytes. */
    minLength: attribute(6, u32),
    /** `NL_POLICY_TYPE_ATTR_MAX_LENGTH`: of bytes or text, in bytes; of NUL-terminated text without the NUL. */
    maxLength: attribute(7, u32),
    /** `NL_POLICY_TYPE_ATTR_TYPE`: {@link PolicyTypes}. */
    type: attribute(1, u32),
  },
  { padding: 11 },
)

/** `enum netlink_attribute_type` (`linux/netlink.h`) */
export const PolicyTypes = {
  /** `NL_ATTR_TYPE_FLAG`: nothing; a payload is not looked at. */
  flag: 1,
  /** `NL_ATTR_TYPE_U8` */
  u8: 2,
  /** `NL_ATTR_TYPE_U16` */
  u16: 3,
  /** `NL_ATTR_TYPE_U32` */
  u32: 4,
  /** `NL_ATTR_TYPE_U64` */
  u64: 5,
  /** `NL_ATTR_TYPE_S8` */
  s8: 6,
  /** `NL_ATTR_TYPE_S16` */
  s16: 7,
  /** `NL_ATTR_TYPE_S32` */
  s32: 8,
  /** `NL_ATTR_TYPE_S64` */
  s64: 9,
  /** `NL_ATTR_TYPE_BINARY`: bytes, of a length between {@link AttributePolicy.minLength} and `maxLength`. */
  binary: 10,
  /** `NL_ATTR_TYPE_STRING`: text, with or without a NUL. */
  string: 11,
  /** `NL_ATTR_TYPE_NUL_STRING`: text with a NUL. */
  nulString: 12,
  /** `NL_ATTR_TYPE_NESTED`: attributes. */
  nested: 13,
  /** `NL_ATTR_TYPE_NESTED_ARRAY`: nests, whose own numbers mean nothing. */
  nestedArray: 14,
  /** `NL_ATTR_TYPE_BITFIELD32`: `struct nla_bitfield32`. */
  bitfield32: 15,
  /** `NL_ATTR_TYPE_SINT`: 4 or 8 bytes, with a sign. */
  sint: 16,
  /** `NL_ATTR_TYPE_UINT`: 4 or 8 bytes. */
  uint: 17,
} as const

/** A type by its name; `type N` where the kernel has one that has no name here. */
export type PolicyType = keyof typeof PolicyTypes | `type ${number}`

/** What the kernel wants of an attribute. Members that say nothing of its type are absent. */
export interface AttributePolicy {
  /** How the kernel reads it. */
  readonly type: PolicyType
  /** The least value of a number. */
  readonly min?: bigint
  /** The greatest value of a number. */
  readonly max?: bigint
  /** The bits that a number, or a bit field, may have. */
  readonly mask?: bigint
  /** The fewest bytes. */
  readonly minLength?: number
  /** The most bytes; of NUL-terminated text without the NUL. */
  readonly maxLength?: number
  /** Of a nest, what is wanted of its attributes; absent where the kernel checks them by other means, or not. */
  readonly nested?: AttributePolicies
}

/** By the attribute's number. One that is missing is refused, or is checked by other means than a policy. */
export type AttributePolicies = ReadonlyMap<number, AttributePolicy>

/** What the kernel wants of the attributes of one command. */
export interface CommandPolicy {
  /** Of a plain request. Absent where there is none, or it has no policy. */
  readonly do?: AttributePolicies
  /** Of a dump. Absent where there is none, or it has no policy. */
  readonly dump?: AttributePolicies
}

/** The parts of the controller's answers that are about policies. */
interface PolicyReply {
  readonly policy?: readonly Numbered<readonly Numbered<Infer<typeof PolicyTypeAttributes>>[]>[]
  readonly opPolicy?: readonly Numbered<Infer<typeof CommandPolicyAttributes>>[]
}

/** Puts together what a dump of `getpolicy` says, an attribute and a command at a time. By the command's number. */
export async function readPolicies(replies: AsyncIterable<PolicyReply>): Promise<ReadonlyMap<number, CommandPolicy>> {
  const policies = new Map<number, Map<number, AttributePolicy>>()
  const commands = new Map<number, CommandPolicy>()
  // Nests refer to policies that come later, and may refer to the one that they stand in.
  const policyAt = (index: number) => {
    const policy = policies.get(index) ?? new Map<number, AttributePolicy>()
    policies.set(index, policy)
    return policy
  }
  for await (const { policy = [], opPolicy = [] } of replies) {
    for (const { number: index, value } of policy) for (const { number, value: said } of value) policyAt(index).set(number, attributePolicy(said, policyAt))
    for (const { number: command, value } of opPolicy) {
      commands.set(command, {
        ...(value.do === undefined ? {} : { do: policyAt(value.do) }),
        ...(value.dump === undefined ? {} : { dump: policyAt(value.dump) }),
      })
    }
  }
  return commands
}

const NAMES = new Map<number, PolicyType>(Object.entries(PolicyTypes).map(([name, number]) => [number, name as PolicyType]))

function attributePolicy(said: Infer<typeof PolicyTypeAttributes>, policyAt: (index: number) => AttributePolicies): AttributePolicy {
  const { type = 0, minLength, maxLength, policyIdx } = said
  const min = said.minValueU ?? said.minValueS
  const max = said.maxValueU ?? said.maxValueS
  const mask = said.mask ?? (said.bitfield32Mask === undefined ? undefined : BigInt(said.bitfield32Mask))
  return {
    type: NAMES.get(type) ?? `type ${type}`,
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(mask === undefined ? {} : { mask }),
    ...(minLength === undefined ? {} : { minLength }),
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(policyIdx === undefined ? {} : { nested: policyAt(policyIdx) }),
  }
}
