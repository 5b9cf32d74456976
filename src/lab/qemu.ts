import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Installed } from './cache.js'
import { makeInitramfs } from './initramfs.js'
import { collect } from './process.js'
import { runParent } from './rundir.js'

/** The ports of a QEMU guest, by what they carry. */
export const qemuLines = {
  OUT: '/dev/vport0p1', ERR: '/dev/vport0p2', IN: '/dev/vport0p3', CTL: '/dev/vport0p4', TTY: '/dev/hvc0',
}

const bootModules = ['virtio_pci', 'virtio_console', '9p', '9pnet_virtio', 'overlay']

const initramfsScript = (folder: string): string => `#!/busybox sh
/busybox mount -t devtmpfs devtmpfs /dev
/busybox mount -t proc proc /proc
for module in /modules/*; do /busybox insmod $module; done
/busybox mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=loose rootfs /root || /busybox poweroff -f
/busybox umount /proc
exec /busybox switch_root /root ${folder}/init
`

const probeScript = '#!/busybox sh\n/busybox poweroff -f\n'

function modulesFolder(kernel: Installed): string {
  return join(kernel.path, 'root/usr/lib/modules', kernel.manifest.release!)
}

/** QEMU as it lies unpacked: with its own libraries, and its own linker if it brought a C library. */
function emulator(qemu: Installed): string[] {
  const root = join(qemu.path, 'root')
  const libraries = [join(root, 'usr/lib/x86_64-linux-gnu'), join(root, 'usr/lib')]
  const linker = join(root, 'usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2')
  const program = join(root, 'usr/bin/qemu-system-x86_64')
  return [
    'env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', `QEMU_MODULE_DIR=${join(root, 'usr/lib/x86_64-linux-gnu/qemu')}`,
    ...(existsSync(linker) ? [linker, '--library-path', libraries.join(':'), program] : [`LD_LIBRARY_PATH=${libraries.join(':')}`, program]),
    '-L', join(root, 'usr/share/seabios'), '-L', join(root, 'usr/share/qemu'),
  ]
}

/** QEMU takes a comma in an option's value only when it is doubled. */
const escaped = (path: string): string => path.replaceAll(',', ',,')

export interface QemuRun {
  folder: string
  cpus: number
  memory: number
  layers: string[]
  accelerator: 'kvm' | 'tcg'
  shell: boolean
}

/** Writes the initramfs into the run directory and returns the command line that boots it. */
export function qemuCommand(qemu: Installed, kernel: Installed, run: QemuRun): string[] {
  const initramfs = join(run.folder, 'initramfs')
  writeFileSync(initramfs, initramfsFor(qemu, kernel, initramfsScript(run.folder)), { mode: 0o600 })
  const port = (fd: number, name: string, index: number): string[] => [
    '-chardev', `socket,id=${name},fd=${fd}`, '-device', `virtserialport,bus=lines.0,nr=${index},chardev=${name},name=${name}`,
  ]
  return [
    ...machine(qemu, kernel, run.accelerator, initramfs, run.cpus, run.memory),
    '-device', 'virtio-serial-pci,id=lines,max_ports=8',
    ...port(5, 'out', 1), ...port(6, 'err', 2), ...port(7, 'in', 3), ...port(8, 'ctl', 4),
    ...(run.shell ? ['-chardev', 'socket,id=tty,fd=4', '-device', 'virtconsole,bus=lines.0,nr=5,chardev=tty'] : []),
    '-virtfs', 'local,path=/,mount_tag=rootfs,security_model=none,multidevs=remap',
    ...run.layers.flatMap((layer, index) => ['-virtfs', `local,path=${escaped(layer)},mount_tag=l${index},security_model=none,readonly=on`]),
  ]
}

function initramfsFor(qemu: Installed, kernel: Installed, script: string): Buffer {
  const own = join(qemu.path, 'root/usr/bin/busybox')
  return makeInitramfs({ busybox: existsSync(own) ? own : '/usr/bin/busybox', modules: modulesFolder(kernel), names: bootModules, script })
}

function machine(qemu: Installed, kernel: Installed, accelerator: 'kvm' | 'tcg', initramfs: string, cpus: number, memory: number): string[] {
  return [
    ...emulator(qemu),
    '-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-vga', 'none', '-nic', 'none',
    // One thread for all emulated CPUs: on a busy machine, one that waits for another would spin for as long as that is not scheduled.
    ...(accelerator === 'kvm' ? ['-accel', 'kvm', '-cpu', 'host'] : ['-accel', 'tcg,thread=single', '-cpu', 'max']),
    '-smp', String(cpus), '-m', `${Math.floor(memory / 1024 ** 2)}M`,
    '-kernel', join(kernel.path, 'vmlinuz'), '-initrd', initramfs,
    '-append', 'console=ttyS0 panic=-1 loglevel=7 random.trust_cpu=on',
    '-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console',
  ]
}

const probeSeconds = 8

/**
 * Whether this machine runs a stock guest with KVM. `/dev/kvm` alone says
 * little: inside a virtual machine it may be there and the guest still hang. So
 * a kernel is booted with a time limit, and what came of it is remembered until
 * the machine boots anew.
 */
export async function usableKvm(cache: string, qemu: Installed, kernel: Installed): Promise<boolean> {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
  } catch {
    return false
  }
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  const memory = join(cache, 'kvm')
  const known = existsSync(memory) ? readFileSync(memory, 'utf8').split(' ') : []
  if (known[0] === boot) return known[1] === 'yes'
  const folder = mkdtempSync(join(runParent(), 'ovs-lab-kvm-'))
  try {
    const initramfs = join(folder, 'initramfs')
    writeFileSync(initramfs, initramfsFor(qemu, kernel, probeScript))
    const result = await collect('timeout', ['--signal=KILL', String(probeSeconds), ...machine(qemu, kernel, 'kvm', initramfs, 1, 256 * 1024 ** 2)])
    const usable = result.status === 0 && /Run \/init as init process|reboot: Power down/.test(result.stdout)
    writeFileSync(memory, `${boot} ${usable ? 'yes' : 'no'}`)
    return usable
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
