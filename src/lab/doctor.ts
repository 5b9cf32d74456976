import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { openApt, updateLists } from './apt.js'
import { cachePath, openCache } from './cache.js'
import { components, defaultComponents, kernelSuites } from './components.js'
import { LabError } from './errors.js'
import { runningFamilies, ovsFamilies, type FamilyInfo } from './families.js'
import { hostSystem, type HostSystem } from './host.js'
import { hostHasOvs } from './hostrun.js'
import { memoryFolder, memoryPlaces } from './memory.js'
import { collect } from './process.js'
import { readyComponent } from './setup.js'
import { distributionSources, foreignSuite, readSources } from './sources.js'

/** One thing that was looked at. */
export interface Finding {
  subject: string
  /** `missing` is what a set-up brings; `problem` is what stands in the lab's way. */
  state: 'ok' | 'missing' | 'note' | 'problem'
  text: string
  remedy?: string
}

export interface Diagnosis {
  system: HostSystem & { kernel: string; node: string }
  /** Whether this process itself runs inside a lab. */
  insideLab: boolean
  /** The OVS families of the running kernel. */
  families: FamilyInfo[]
  findings: Finding[]
}

export interface DoctorOptions {
  cache?: string | undefined
  sources?: string | undefined
  /** Ask the mirror, too. */
  online?: boolean | undefined
}

/** Looks at everything that the lab depends on, and says what is there, what is missing and what to do. It changes nothing. */
export async function doctor(options: DoctorOptions = {}): Promise<Diagnosis> {
  const system = hostSystem()
  const insideLab = existsSync('/run/ovs-lab/config')
  const { families, problem } = await runningFamilies()
  const findings: Finding[] = [openvswitch(families, problem)]
  if (!insideLab) {
    findings.push(...distribution(system), ...tools(), memory(), await tracing(), kvm())
    findings.push(...sources(system, options), ...await cacheFindings(options))
    if (options.online === true) findings.push(...await mirrors(options))
  }
  return { system: { ...system, kernel: release(), node: process.version }, insideLab, families, findings }
}

function openvswitch(families: FamilyInfo[], problem: string | undefined): Finding {
  const subject = 'running kernel'
  if (families.length > 0) {
    const absent = ovsFamilies.filter((name) => !families.some((family) => family.name === name))
    return { subject, state: 'ok', text: `Linux ${release()} has openvswitch${absent.length > 0 ? `, without ${absent.join(', ')}` : ''}` }
  }
  const own = hostHasOvs()
  if (own) return { subject, state: 'ok', text: `Linux ${release()} has openvswitch loaded: ovs-lab run --host works${problem === undefined ? '' : ` (its families cannot be listed: ${problem})`}` }
  return { subject, state: 'note', text: `Linux ${release()} has no openvswitch loaded, which is what the lab is for` }
}

function distribution(system: HostSystem): Finding[] {
  const subject = 'distribution'
  const name = `${system.name}, ${system.architecture}`
  if (system.architecture !== 'amd64') {
    return [{ subject, state: 'problem', text: `${name}: Debian builds User-Mode Linux for amd64 only, so no lab kernel runs here. The SDK itself works.`, remedy: 'Use an x86-64 machine, or --host where the kernel has openvswitch.' }]
  }
  if (!system.apt) {
    return [{ subject, state: 'problem', text: `${name}: no apt and dpkg, with which the lab fetches and verifies its kernels. The SDK itself works.`, remedy: 'Use Debian 12 or 13 (a container will do), or --host where the kernel has openvswitch.' }]
  }
  if (!system.usrMerged) {
    return [{ subject, state: 'problem', text: `${name}: /bin and /lib are no links into /usr, which the lab's overlay needs.`, remedy: 'Install the package usrmerge.' }]
  }
  if (system.id === 'debian' && ['bookworm', 'trixie'].includes(system.suite)) return [{ subject, state: 'ok', text: `${name}: the whole matrix works` }]
  if (system.id === 'debian') return [{ subject, state: 'note', text: `${name}: the kernels work as on Debian 12 and 13, on which they are tested` }]
  return [{ subject, state: 'note', text: `${name}: tools come from its own archive, kernels from a Debian mirror that you name (--sources FILE or OVS_LAB_SOURCES)` }]
}

const needed = ['apt-get', 'apt-config', 'dpkg-deb', 'tar', 'flock', 'taskset', 'setsid', 'setpriv', 'unshare', 'env', 'sync', 'timeout', 'bash', 'perl', 'mount', 'pivot_root']

function tools(): Finding[] {
  const path = ['/usr/sbin', '/usr/bin', '/sbin', '/bin']
  const absent = needed.filter((tool) => !path.some((folder) => existsSync(join(folder, tool))))
  if (absent.length === 0) return [{ subject: 'tools', state: 'ok', text: 'all that the lab calls is there' }]
  return [{ subject: 'tools', state: 'problem', text: `not on this machine: ${absent.join(', ')}`, remedy: 'They belong to bash, coreutils, util-linux, perl-base, tar, dpkg and apt, which Debian calls essential.' }]
}

function memory(): Finding {
  const bytes = 1024 ** 3
  try {
    const folder = memoryFolder(bytes)
    const shm = memoryPlaces().find(({ path }) => path === '/dev/shm')
    const why = folder === '/dev/shm' || shm === undefined ? '' : ` (/dev/shm has ${Math.floor(shm.free / 1024 ** 2)} MB free${shm.executable ? '' : ' and is mounted noexec'})`
    return { subject: 'memory', state: 'ok', text: `a kernel's memory goes to ${folder}${why}` }
  } catch (error) {
    return findingOf('memory', error)
  }
}

/** User-Mode Linux traces its processes; some containers forbid that. */
async function tracing(): Promise<Finding> {
  const subject = 'ptrace'
  const scope = existsSync('/proc/sys/kernel/yama/ptrace_scope') ? readFileSync('/proc/sys/kernel/yama/ptrace_scope', 'utf8').trim() : '0'
  if (scope === '3') return { subject, state: 'problem', text: 'tracing is switched off on this machine (kernel.yama.ptrace_scope is 3), which User-Mode Linux needs', remedy: 'As root: sysctl kernel.yama.ptrace_scope=1. It takes a reboot if it is locked; --backend qemu works meanwhile.' }
  // PTRACE_TRACEME of a process that ends at once: seccomp filters of containers answer it with EPERM.
  const result = await collect('perl', ['-e', 'exit(syscall(101, 0, 0, 0, 0) == 0 ? 0 : 1)'])
  if (result.status === 0) return { subject, state: 'ok', text: 'allowed' }
  return { subject, state: 'problem', text: 'this process may not use ptrace, probably a container\'s seccomp filter, and User-Mode Linux needs it', remedy: 'Start the container with --cap-add SYS_PTRACE or --security-opt seccomp=unconfined; or use --backend qemu.' }
}

function kvm(): Finding {
  const subject = 'KVM'
  if (!existsSync('/dev/kvm')) return { subject, state: 'note', text: 'no /dev/kvm: QEMU emulates (about 10 s per boot)' }
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
    return { subject, state: 'note', text: '/dev/kvm is there; whether it runs a kernel is tried at the first run with --backend qemu' }
  } catch {
    return { subject, state: 'note', text: '/dev/kvm is not open to this user: QEMU emulates (about 10 s per boot)', remedy: 'Join the group kvm to use it.' }
  }
}

function sources(system: HostSystem, options: DoctorOptions): Finding[] {
  if (!system.apt || system.architecture !== 'amd64') return []
  const subject = 'apt sources'
  try {
    const found = readSources(options)
    const own = distributionSources(found.sources, system, found.configured)
    const debian = foreignSuite(found.sources, 'sid', found.configured)
    if (debian.length === 0) {
      return [{ subject, state: 'problem', text: `${found.files.join(', ')} name no Debian archive, from which the kernels come`, remedy: 'Write a sources file with a Debian mirror and name it with --sources FILE or OVS_LAB_SOURCES.' }]
    }
    const mirror = [...new Set([...own, ...debian].flatMap(({ uris }) => uris))].join(', ')
    return [{ subject, state: 'ok', text: `${mirror}, from ${found.files.join(', ')}` }]
  } catch (error) {
    return [findingOf(subject, error)]
  }
}

async function cacheFindings(options: DoctorOptions): Promise<Finding[]> {
  const path = options.cache ?? cachePath()
  const findings: Finding[] = []
  try {
    if (existsSync(path)) {
      openCache(path)
      const size = (await collect('du', ['-sh', '--', path])).stdout.split('\t')[0] ?? '?'
      findings.push({ subject: 'cache', state: 'ok', text: `${path}, ${size}` })
    } else {
      findings.push({ subject: 'cache', state: 'missing', text: `${path} is not there yet`, remedy: 'ovs-lab setup' })
    }
  } catch (error) {
    return [findingOf('cache', error)]
  }
  for (const component of components) {
    const installed = await readyComponent(path, component)
    const optional = defaultComponents.includes(component.name) ? '' : ' (optional)'
    if (installed) {
      const { release: kernel, created } = installed.manifest
      findings.push({ subject: component.name, state: 'ok', text: `${kernel === undefined ? '' : `Linux ${kernel}, `}set up ${created.slice(0, 10)}` })
    } else {
      findings.push({ subject: component.name, state: 'missing', text: `${component.summary}${optional}`, remedy: `ovs-lab setup ${component.name}` })
    }
  }
  return findings
}

async function mirrors(options: DoctorOptions): Promise<Finding[]> {
  const found = readSources(options)
  const findings: Finding[] = []
  for (const suite of new Set(Object.values(kernelSuites))) {
    const subject = `mirror, ${suite}`
    const folder = await mkdtemp(join(tmpdir(), 'ovs-lab-doctor-'))
    try {
      const wanted = foreignSuite(found.sources, suite, found.configured)
      if (wanted.length === 0) continue
      await updateLists(await openApt(folder, wanted, '', found.files))
      findings.push({ subject, state: 'ok', text: 'answers, and its lists are signed by a key that this machine trusts' })
    } catch (error) {
      findings.push(findingOf(subject, error))
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
  return findings
}

function findingOf(subject: string, error: unknown): Finding {
  if (error instanceof LabError) return { subject, state: 'problem', text: error.message, remedy: error.remedy }
  return { subject, state: 'problem', text: String(error) }
}
