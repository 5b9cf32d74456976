import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kernelNames, LabError, runInLab, setupLab, type RunOptions } from '../../src/lab/index.js'

const project = new URL('../..', import.meta.url).pathname
const cli = [join(project, 'node_modules/tsx/dist/cli.mjs'), join(project, 'src/lab/cli.ts')]
const folders: string[] = []

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'lab-test-'))
  chmodSync(path, 0o755)
  folders.push(path)
  return path
}

const inShell = (script: string, options: Partial<RunOptions> = {}) => runInLab({ ...options, command: ['sh', '-c', script] })

function startCli(args: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): ChildProcess & { text(): string } {
  const child = spawn(process.execPath, [...cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'], cwd: options.cwd ?? project, env: options.env ?? process.env })
  let text = ''
  child.stdout!.on('data', (chunk: Buffer) => { text += chunk.toString() })
  child.stderr!.on('data', (chunk: Buffer) => { text += chunk.toString() })
  return Object.assign(child, { text: () => text })
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20))
}

/** Processes that name a path in their command line. */
function processesNaming(path: string): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(path)
    } catch {
      return false
    }
  })
}

beforeAll(async () => {
  await setupLab(['base', ...kernelNames.map((kernel) => `kernel-${kernel}`)])
})

afterAll(() => {
  for (const path of folders) rmSync(path, { recursive: true, force: true })
})

describe.concurrent('a command in the lab', () => {
  it('finds openvswitch, its tunnels, veth, tun and conntrack on every kernel of the matrix', async () => {
    const results = await Promise.all(kernelNames.map((kernel) => inShell('uname -r; cat /proc/modules', { kernel })))
    for (const { status, stdout } of results) {
      expect(status).toBe(0)
      for (const module of ['openvswitch', 'vport_vxlan', 'vport_geneve', 'vport_gre', 'veth', 'tun', 'nf_conntrack']) expect(stdout.toString()).toMatch(new RegExp(`^${module} `, 'm'))
    }
    expect(results.map(({ stdout }) => stdout.toString().split('.').slice(0, 2).join('.')).slice(0, 2)).toEqual(['6.1', '6.12'])
  })

  it('gives back its exit status, apart from what a signal did', async () => {
    // Of a PATH with folders that this user may not search, it could not be said that the program is not there.
    const nowhere = runInLab({ command: ['no-such-program'], env: { ...process.env, PATH: '/usr/bin:/bin' } })
    const [three, killed, missing] = await Promise.all([inShell('exit 3'), inShell('kill -KILL $$'), nowhere])
    expect(three).toMatchObject({ status: 3, timedOut: false })
    expect(killed).toMatchObject({ status: 137, signal: 'SIGKILL' })
    expect(missing.status).toBe(127)
    expect(missing.stderr.toString()).toContain('no-such-program')
  })

  it('writes stdout and stderr apart, byte for byte, and reads stdin byte for byte to its end', async () => {
    const bytes = randomBytes(3_000_000)
    const result = await inShell('echo "to stderr" >&2; cat; [ ! -t 0 ] && [ ! -t 1 ] && [ ! -t 2 ]', { stdin: Readable.from([bytes.subarray(0, 100_001), bytes.subarray(100_001)]) })
    expect(result.status).toBe(0)
    expect(result.stderr.toString()).toBe('to stderr\n')
    expect(result.stdout.equals(bytes)).toBe(true)
  })

  it('may leave its input unread, and its background processes running', async () => {
    const result = await inShell('sleep 1000 & echo done', { stdin: Readable.from((function* () { for (;;) yield Buffer.alloc(65_536) })()) })
    expect(result.stdout.toString()).toBe('done\n')
  })

  it('has exactly the arguments, environment and folder that it was given', async () => {
    const cwd = join(folder(), 'with space, "quotes" and ümlauts\nof two lines')
    mkdirSync(cwd)
    const words = ['', 'two  words', '"double" \'single\'', 'a$HOME `id` $(id)', 'ünï-✓', '-n', 'line\nend', 'x=y', '\\']
    const env = { PATH: '/usr/bin:/bin', EMPTY: '', LINES_: 'a\nb', QUOTED: '"\'$x', 'FUNNY.NAME%%': '1', LONG: 'x'.repeat(100_000) }
    const script = 'process.stdout.write(JSON.stringify([process.argv.slice(1), process.env, process.cwd()]))'
    const result = await runInLab({ command: [process.execPath, '-e', script, '--', ...words], env, cwd })
    expect(JSON.parse(result.stdout.toString())).toEqual([words, { ...env, PATH: `${env.PATH}:/usr/local/sbin:/usr/sbin:/sbin` }, cwd])
  })

  it('writes through to the project, and nowhere else', async () => {
    const checkout = folder()
    const other = folder()
    mkdirSync(join(checkout, 'sub'))
    writeFileSync(join(checkout, 'package.json'), '{}')
    const result = await inShell(`echo out > result && echo up > ../result && echo in > ${other}/kept && cat ${other}/kept && touch /etc/ovs-lab-was-here && ls /etc/ovs-lab-was-here`, { cwd: join(checkout, 'sub') })
    expect(result).toMatchObject({ status: 0 })
    expect(readFileSync(join(checkout, 'sub/result'), 'utf8')).toBe('out\n')
    expect(readFileSync(join(checkout, 'result'), 'utf8')).toBe('up\n')
    expect(readdirSync(other)).toEqual([])
    expect(existsSync('/etc/ovs-lab-was-here')).toBe(false)
    expect((await inShell(`echo shared > ${other}/kept`, { cwd: checkout, share: [other] })).status).toBe(0)
    expect(readFileSync(join(other, 'kept'), 'utf8')).toBe('shared\n')
  })

  it('loads modules by itself, and can make namespaces and datapaths', async () => {
    const result = await inShell('ip link add dummy0 type dummy && ip netns add there && unshare --user --map-root-user true && ovs-dpctl add-dp dp0 2>/dev/null && ovs-dpctl dump-dps')
    expect(result.stderr.toString()).toBe('')
    expect(result.stdout.toString()).toBe('system@dp0\n')
  })
})

describe('the end of a lab', () => {
  it('comes when the time is up, with status 124, even for a command that does not listen', async () => {
    const result = await inShell('trap "" TERM; echo begun; while :; do sleep 1; done', { timeout: 1 })
    expect(result).toMatchObject({ status: 124, timedOut: true })
    expect(result.stdout.toString()).toBe('begun\n')
  })

  it('is reported with the kernel\'s log when the kernel panics', async () => {
    const error: unknown = await inShell('echo c > /proc/sysrq-trigger; sleep 60').catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(LabError)
    expect(error).toMatchObject({ code: 'KERNEL_PANIC', details: expect.stringContaining('sysrq') })
  })

  it('passes Ctrl-C on, so that the command can clean up', async () => {
    const front = startCli(['run', '--', 'sh', '-c', 'trap "echo cleaned up; exit 7" INT; echo ready; while :; do sleep 0.1; done'])
    await until(() => front.text().includes('ready'))
    // The child of tsx is the front end; a terminal would signal both.
    for (const pid of childrenOf(front.pid!)) process.kill(pid, 'SIGINT')
    const [status] = await once(front, 'exit')
    expect(front.text()).toContain('cleaned up')
    expect(status).toBe(7)
  })

  it('passes Ctrl-C on to a command that has only just begun, or has yet to', async () => {
    for (const after of [300, 1000, 1700]) {
      const front = startCli(['run', '--', 'sleep', '100'])
      await until(() => childrenOf(front.pid!).length > 0)
      await new Promise((resolve) => setTimeout(resolve, after))
      for (const pid of childrenOf(front.pid!)) process.kill(pid, 'SIGINT')
      expect(await once(front, 'exit')).toEqual([130, null])
    }
  })

  it('leaves neither processes nor files when the front end is killed', async () => {
    const temporary = folder()
    const front = startCli(['run', '--', 'sh', '-c', 'echo ready; sleep 1000'], { env: { ...process.env, TMPDIR: temporary } })
    await until(() => front.text().includes('ready'))
    const lab = readdirSync(temporary).find((name) => name.startsWith('ovs-lab-'))
    expect(processesNaming(join(temporary, lab!)).length).toBeGreaterThan(1)
    for (const pid of [...childrenOf(front.pid!), front.pid!]) process.kill(pid, 'SIGKILL')
    await until(() => !existsSync(join(temporary, lab!)) && processesNaming(join(temporary, lab!)).length === 0)
  })

  it('lets a command know by SIGPIPE that nobody reads it any more', () => {
    const command = [process.execPath, ...cli, 'run', '--', 'yes'].map((word) => `'${word}'`).join(' ')
    const text = execFileSync('bash', ['-c', `${command} < /dev/null | head -n 1; echo \${PIPESTATUS[0]}`], { cwd: project }).toString()
    expect(text).toBe('y\n141\n')
  })
})

describe('an ordinary user', () => {
  it('sets up, boots, is root inside, and owns what is written outside', async () => {
    const home = folder()
    const root = process.getuid!() === 0
    const user = root ? 65_534 : process.getuid!()
    if (root) chownSync(home, user, user)
    // With nothing but a home: its cache is empty, so this sets up as well.
    const bare = ['env', '-i', `HOME=${home}`, 'PATH=/usr/bin:/bin', process.execPath]
    const [program, ...args] = root ? ['setpriv', '--reuid', `${user}`, '--regid', `${user}`, '--clear-groups', ...bare] : bare
    const child = spawn(program as string, [...args, ...cli, 'run', '--', 'sh', '-c', 'id -u; ovs-dpctl add-dp dp0 2>/dev/null; ovs-dpctl dump-dps; echo mine > file'], { cwd: home, stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => { text += chunk.toString() })
    const [status] = await once(child, 'exit')
    expect({ status, text }).toEqual({ status: 0, text: '0\nsystem@dp0\n' })
    expect(statSync(join(home, 'file')).uid).toBe(user)
  })
})

describe('what a newcomer may meet', () => {
  it('says that the packages are unreachable, and what to do', async () => {
    const cache = folder()
    const sources = join(cache, 'nowhere.sources')
    writeFileSync(sources, 'Types: deb\nURIs: http://127.0.0.1:9/debian\nSuites: bookworm\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n')
    const error: unknown = await setupLab(['kernel-6.1'], { cache, sources }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'MIRROR_UNREACHABLE', message: expect.stringContaining('http://127.0.0.1:9/debian'), remedy: expect.stringContaining('--sources FILE') })
    expect(readdirSync(join(cache, 'components'))).toEqual([])
  })

  it('lets set-ups run side by side, and sweeps what a killed one left', async () => {
    const cache = folder()
    const env = { ...process.env, OVS_LAB_CACHE: cache }
    const killed = startCli(['setup', 'kernel-build'], { env })
    await until(() => killed.text().includes('unpacking') || killed.exitCode !== null)
    for (const pid of [...childrenOf(killed.pid!), killed.pid!]) process.kill(pid, 'SIGKILL')
    const results = await Promise.all([setupLab(['kernel-build'], { cache }), setupLab(['kernel-build'], { cache })])
    expect(results[0]![0]!.path).toBe(results[1]![0]!.path)
    expect(readdirSync(join(cache, 'components')).length).toBe(1)
  })
})

describe('the second backend', () => {
  it('boots a stock kernel with several CPUs', async () => {
    const bytes = randomBytes(500_000)
    const result = await inShell('nproc >&2; uname -v >&2; cat; exit 6', { backend: 'qemu', cpus: 2, stdin: bytes })
    expect(result.status).toBe(6)
    expect(result.stderr.toString()).toMatch(/^2\n#\d+ SMP/)
    expect(result.stdout.equals(bytes)).toBe(true)
  })
})

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number).filter((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('lab/cli.ts'))
}
