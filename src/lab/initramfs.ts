import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A file or folder of an initramfs. */
export interface Entry {
  path: string
  mode: number
  content?: Uint8Array
}

/** An archive in cpio's "newc" format, which the kernel unpacks at boot. */
export function cpio(entries: readonly Entry[]): Buffer {
  const parts: Buffer[] = []
  const all = [...entries, { path: 'TRAILER!!!', mode: 0 }] as Entry[]
  for (const [index, { path, mode, content = new Uint8Array() }] of all.entries()) {
    const name = Buffer.from(`${path}\0`)
    const fields = [index + 1, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0]
    const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`)
    parts.push(padded(Buffer.concat([header, name])), padded(Buffer.from(content)))
  }
  return Buffer.concat(parts)
}

function padded(bytes: Buffer): Buffer {
  const rest = bytes.length % 4
  return rest === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(4 - rest)])
}

/**
 * The files of `names` and of what they depend on, each after what it needs.
 * Modules that a kernel has built in are in no such list, and left out.
 */
export function moduleFiles(folder: string, names: readonly string[]): string[] {
  const needs = new Map<string, string[]>()
  for (const line of readFileSync(join(folder, 'modules.dep'), 'utf8').split('\n')) {
    const [file = '', rest = ''] = line.split(':')
    if (file !== '') needs.set(file, rest.trim().split(/\s+/).filter(Boolean))
  }
  const ordered: string[] = []
  for (const name of names) {
    const file = [...needs.keys()].find((path) => path.replace(/^.*\//, '').replace(/\.ko.*$/, '').replaceAll('-', '_') === name)
    if (file !== undefined) ordered.push(...needs.get(file)!.toReversed(), file)
  }
  return [...new Set(ordered)].map((file) => join(folder, file)).filter((file) => existsSync(file))
}

/** What QEMU's kernel needs to reach the host's root: busybox, a few modules, and a script as process 1. */
export function makeInitramfs(options: { busybox: string; modules: string; names: readonly string[]; script: string }): Buffer {
  const files = moduleFiles(options.modules, options.names)
  return cpio([
    ...['dev', 'proc', 'root', 'modules'].map((path) => ({ path, mode: 0o040_755 })),
    { path: 'busybox', mode: 0o100_755, content: readFileSync(options.busybox) },
    ...files.map((file, index) => ({ path: `modules/${String(index).padStart(3, '0')}${file.replace(/^.*\.ko/, '.ko')}`, mode: 0o100_644, content: readFileSync(file) })),
    { path: 'init', mode: 0o100_755, content: Buffer.from(options.script) },
  ])
}
