import { cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { LabError } from './errors.js'
import { withInterpreter } from './elf.js'
import { installedComponents } from './cache.js'
import { collect, succeed } from './process.js'

/** The kernels of the matrix, oldest first. */
export const kernelNames = ['6.1', '6.12', 'newest'] as const
export type KernelName = (typeof kernelNames)[number]

/** The kernel when none is named: the fastest of those that do not move (its system calls take half as long as 6.1's). */
export const defaultKernel: KernelName = '6.12'

/** Which Debian suite a kernel of the matrix comes from. */
export const kernelSuites: Record<KernelName, string> = { '6.1': 'bookworm', '6.12': 'trixie', newest: 'sid' }

/** Something that is set up as a whole: packages, and what is done to them once they are unpacked. */
export interface Component {
  name: string
  summary: string
  /** A Debian suite, or `host`: the machine's own, less what the machine already has. */
  suite: string
  packages: string[]
  /** Packages that are taken to be there, so that what only they need is not fetched. */
  standIns: string[]
  /** Works on the unpacked tree `staging/root`, which will lie at `final`. Returns a kernel's release. */
  finish?(staging: string, final: string, cache: string): Promise<string | undefined>
  /** Another component that must be there before. */
  after?: string
}

const library = 'root/usr/lib/x86_64-linux-gnu'

async function finishUml(staging: string, final: string): Promise<string | undefined> {
  const root = join(staging, 'root')
  const libraries = join(staging, 'lib')
  await mkdir(libraries)
  for (const name of await readdir(join(staging, library))) {
    if (/^(ld-linux-x86-64|lib[a-z_]+)\.so\.\d+$/.test(name)) {
      await cp(join(staging, library, name), join(libraries, name), { dereference: true })
    }
  }
  const program = await readFile(join(root, 'usr/bin/linux.uml'))
  const kernel = join(staging, 'linux.uml')
  // UML starts itself anew by its own path, so a wrapper that calls the linker will not do.
  await writeFile(kernel, withInterpreter(program, join(final, 'lib/ld-linux-x86-64.so.2')), { mode: 0o755 })
  const modules = join(staging, 'modules')
  await rename(join(root, 'usr/lib/uml/modules'), modules)
  await rm(root, { recursive: true })
  await mkdir(join(root, 'usr/lib'), { recursive: true })
  await rename(modules, join(root, 'usr/lib/modules'))
  return (await readdir(join(root, 'usr/lib/modules')))[0]
}

/** Starts a kernel's `--version`, which needs its libraries to be complete. */
export async function verifyUml(path: string): Promise<void> {
  const result = await collect(join(path, 'linux.uml'), ['--version'], { env: umlEnvironment(path) })
  if (result.status !== 0) {
    throw new LabError(
      'COMPONENT_BROKEN', 'The unpacked kernel does not start on this machine.',
      'Please report it with the output of `ovs-lab doctor --json`.', { details: result.stderr },
    )
  }
}

export function umlEnvironment(path: string): NodeJS.ProcessEnv {
  return { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LD_LIBRARY_PATH: join(path, 'lib') }
}

async function finishCompiler(staging: string): Promise<undefined> {
  const bin = join(staging, 'root/usr/bin')
  // `cc` is made by update-alternatives when the package is installed, which it is not here.
  if (existsSync(join(bin, 'gcc')) && !existsSync(join(bin, 'cc'))) await symlink('gcc', join(bin, 'cc'))
}

async function finishStock(staging: string, _final: string, cache: string): Promise<string | undefined> {
  const boot = join(staging, 'root/boot')
  const modules = join(staging, 'root/usr/lib/modules')
  const release = (await readdir(modules))[0]!
  const image = [join(boot, `vmlinuz-${release}`), join(modules, release, 'vmlinuz')].find((path) => existsSync(path))
  if (image === undefined) {
    throw new LabError('COMPONENT_BROKEN', 'The kernel\'s package holds no vmlinuz.', 'Please report it with the output of `ovs-lab doctor --json`.')
  }
  await cp(image, join(staging, 'vmlinuz'))
  await rm(boot, { recursive: true, force: true })
  await indexModules(join(staging, 'root'), release, cache)
  return release
}

/** Writes the modules' indexes, which a kernel's package leaves to its installation. */
async function indexModules(root: string, release: string, cache: string): Promise<void> {
  const tools = installedComponents(cache, 'qemu')[0]
  const own = tools && join(tools.path, 'root/usr/bin/kmod')
  const libraries = tools === undefined ? '' : join(tools.path, 'root/usr/lib/x86_64-linux-gnu')
  const [program, env] = own !== undefined && existsSync(own) ? [own, { ...process.env, LD_LIBRARY_PATH: libraries }] : ['/usr/sbin/depmod', process.env]
  await succeed(program, ['-b', root, release], { argv0: 'depmod', env })
}

function kernelComponents(): Component[] {
  return kernelNames.flatMap((kernel): Component[] => {
    const suite = kernelSuites[kernel]
    return [
      {
        name: `kernel-${kernel}`, summary: `Linux ${kernel} as User-Mode Linux, with its modules`, suite,
        packages: ['user-mode-linux', 'libc6'], standIns: ['libgcc-s1', 'libcrypt1', 'debconf'], finish: finishUml,
      },
      {
        name: `stock-${kernel}`, summary: `Linux ${kernel} as Debian builds it for machines, for QEMU`, suite,
        packages: ['linux-image-amd64'], standIns: ['linux-base', 'initramfs-tools', 'kmod', 'dracut', 'linux-initramfs-tool'], finish: finishStock, after: 'qemu',
      },
      {
        name: `headers-${kernel}`, summary: `what a module for the stock Linux ${kernel} is built with`, suite,
        packages: ['linux-headers-amd64'],
        standIns: ['libc6', 'gcc-12', 'gcc-14', 'gcc-15', 'gcc-16', 'libelf1', 'libelf1t64', 'libssl3', 'libssl3t64', 'zlib1g', 'libzstd1', 'pahole', 'make', 'perl', 'python3'],
      },
    ]
  })
}

/** Every component, in the order in which they are listed. */
export const components: Component[] = [
  {
    name: 'base', summary: 'kmod, iproute2, ping, ovs-dpctl, libnl and procps', suite: 'host',
    packages: ['kmod', 'iproute2', 'iputils-ping', 'openvswitch-common', 'openvswitch-switch', 'libnl-3-200', 'libnl-genl-3-200', 'procps'],
    // ovs-dpctl comes with openvswitch-switch; both depend on Python and others for tools that the lab has no use for.
    standIns: ['python3', 'python3-openvswitch', 'python3-netifaces', 'openssl', 'uuid-runtime', 'netbase'],
  },
  ...kernelComponents(),
  { name: 'qemu', summary: 'the emulator for the second backend', suite: 'host', packages: ['qemu-system-x86', 'seabios', 'busybox-static', 'kmod'], standIns: [] },
  { name: 'compiler', summary: 'gcc, make and the C library\'s headers', suite: 'host', packages: ['gcc', 'libc6-dev', 'make'], standIns: [], finish: finishCompiler },
  {
    name: 'uapi-newest', summary: 'the newest kernel\'s headers for user space, which the tables are held against', suite: kernelSuites.newest,
    packages: ['linux-libc-dev'], standIns: [],
  },
  { name: 'pyroute2', summary: 'Python with pyroute2', suite: 'host', packages: ['python3', 'python3-pyroute2'], standIns: [] },
  {
    name: 'linux-source-6.1', summary: 'the source of Linux 6.1 and the tools that build modules for its UML', suite: 'bookworm',
    packages: ['linux-source-6.1'], standIns: ['binutils', 'xz-utils'],
  },
  { name: 'kernel-build', summary: 'flex, bison and bc, with which a kernel\'s source is prepared', suite: 'host', packages: ['flex', 'bison', 'bc', 'xz-utils'], standIns: [] },
]

/** What `ovs-lab setup` brings when nothing is named. */
export const defaultComponents = ['base', ...kernelNames.map((kernel) => `kernel-${kernel}`)]

/** Throws `BAD_OPTION` when there is no such component. */
export function componentNamed(name: string): Component {
  const component = components.find((candidate) => candidate.name === name)
  if (component) return component
  throw new LabError('BAD_OPTION', `There is no component "${name}".`, `The components are ${components.map((known) => known.name).join(', ')}.`)
}
