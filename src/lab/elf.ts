const PROGRAM_HEADER_INTERPRETER = 3

/**
 * A copy of a 64-bit little-endian ELF program that asks for another dynamic
 * linker. The new path goes to the end of the file and only the program
 * header's file offset and size are changed: that is all the kernel reads, so
 * the path may be longer than the old one. The old string stays where it was
 * for the linker itself, which looks at it in memory.
 *
 * Throws a `RangeError` when `program` is no such file.
 */
export function withInterpreter(program: Uint8Array, interpreter: string): Buffer {
  const old = Buffer.from(program.buffer, program.byteOffset, program.byteLength)
  if (old.length < 64 || old.readUInt32BE(0) !== 0x7f454c46 || old[4] !== 2 || old[5] !== 1) {
    throw new RangeError('not a 64-bit little-endian ELF file')
  }
  const path = Buffer.from(`${interpreter}\0`)
  const patched = Buffer.concat([old, path])
  const offset = Number(old.readBigUInt64LE(32))
  const size = old.readUInt16LE(54)
  const count = old.readUInt16LE(56)
  for (let header = offset; header < offset + count * size; header += size) {
    if (old.readUInt32LE(header) !== PROGRAM_HEADER_INTERPRETER) continue
    patched.writeBigUInt64LE(BigInt(old.length), header + 8)
    patched.writeBigUInt64LE(BigInt(path.length), header + 32)
    patched.writeBigUInt64LE(BigInt(path.length), header + 40)
    return patched
  }
  throw new RangeError('a static program: it has no interpreter to change')
}

/** The dynamic linker that an ELF program asks for, or `undefined` for a static one. */
export function interpreterOf(program: Uint8Array): string | undefined {
  const bytes = Buffer.from(program.buffer, program.byteOffset, program.byteLength)
  const offset = Number(bytes.readBigUInt64LE(32))
  const size = bytes.readUInt16LE(54)
  const count = bytes.readUInt16LE(56)
  for (let header = offset; header < offset + count * size; header += size) {
    if (bytes.readUInt32LE(header) !== PROGRAM_HEADER_INTERPRETER) continue
    const start = Number(bytes.readBigUInt64LE(header + 8))
    const length = Number(bytes.readBigUInt64LE(header + 32))
    return bytes.toString('utf8', start, start + length - 1)
  }
  return undefined
}
