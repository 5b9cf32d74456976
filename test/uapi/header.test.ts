import { describe, expect, test } from 'vitest'
import { parseHeader } from './header.js'
import { programFor, readNumbers } from './program.js'

const HEADER = `
#ifndef _HEADER_H
#define _HEADER_H 1
#define KIND_VERSION 0x2 /* a macro */
#define KIND_FLAG \\
	(1 << 3)
#define KIND_ALIGN(len) ((len) + 3)
// enum commented { OUT };
enum kind_attr {
	KIND_ATTR_UNSPEC,	/* , COMMENTED_OUT */
	KIND_ATTR_NAME = 4, KIND_ATTR_SIZE = (1 << 2) + sizeof(int[2]),
#ifdef __KERNEL__
	KIND_ATTR_INTERNAL,
#else
	KIND_ATTR_USER,
#endif
	__KIND_ATTR_MAX,
};
enum { KIND_CMD_NEW, KIND_CMD_DEL, };
struct kind_value {
	__be32 address[4], plain;
	union {
		__u8  labels[KIND_VERSION];
		__u32 words;
	};
	struct kind_other { int inner; } other[2];
	const struct nlmsghdr msg;
};
#if !defined(__KERNEL__)
#define KIND_USER 1
#endif
#endif
`

describe('of a header', () => {
  const header = parseHeader(HEADER)

  test('every enumerator is found, with one that somebody adds', () => {
    expect(header.enums).toEqual([
      { name: 'kind_attr', members: ['KIND_ATTR_UNSPEC', 'KIND_ATTR_NAME', 'KIND_ATTR_SIZE', 'KIND_ATTR_USER', '__KIND_ATTR_MAX'] },
      { name: 'KIND_CMD', members: ['KIND_CMD_NEW', 'KIND_CMD_DEL'] },
    ])
    const more = parseHeader(HEADER.replace('KIND_CMD_DEL,', 'KIND_CMD_DEL, KIND_CMD_SET'))
    expect(more.enums[1]?.members).toEqual(['KIND_CMD_NEW', 'KIND_CMD_DEL', 'KIND_CMD_SET'])
  })

  test('every macro that stands for something is found', () => {
    expect(header.macros).toEqual(['_HEADER_H', 'KIND_VERSION', 'KIND_FLAG', 'KIND_USER'])
  })

  test('every member of a structure is found', () => {
    expect(header.structs).toEqual([{ name: 'kind_value', members: ['address', 'plain', 'labels', 'words', 'other', 'msg'] }])
  })

  test('what is not understood is an error', () => {
    expect(() => parseHeader('struct s { int a : 3; };')).toThrow('bit fields')
    expect(() => parseHeader('#if defined(__KERNEL__) && X\n#endif')).toThrow('not understood')
    expect(() => parseHeader('enum e { A, B')).toThrow('not closed')
  })

  test('the program asks for each of them', () => {
    const program = programFor(['linux/kind.h'], header)
    expect(program).toContain('#include <linux/kind.h>')
    for (const name of ['KIND_ATTR_USER', '__KIND_ATTR_MAX', 'KIND_CMD_DEL', 'KIND_FLAG']) expect(program).toContain(`\tCONSTANT(${name})\n`)
    expect(program).toContain('\tMEMBER(kind_value, labels)\n')
    expect(program).not.toContain('KIND_ATTR_INTERNAL')
  })
})

test('what the program prints is read', () => {
  const { constants, structs } = readNumbers('number A -1\ntext NAME ovs_flow\nnumber B 18446744073709551615\nstruct s 8\nmember s m 4 2\n')
  expect([...constants]).toEqual([['A', -1n], ['NAME', 'ovs_flow'], ['B', 18446744073709551615n]])
  expect(structs.get('s')).toEqual({ size: 8, members: new Map([['m', { offset: 4, size: 2 }]]) })
  expect(() => readNumbers('warning: something')).toThrow('printed')
})
