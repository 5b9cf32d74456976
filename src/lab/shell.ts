import { once } from 'node:events'
import { defaultKernel } from './components.js'
import { start, type RunOptions } from './run.js'

export interface ShellOptions extends Omit<RunOptions, 'command' | 'stdin' | 'stdout' | 'stderr' | 'onBoot'> {
  /** Default: the user's `SHELL`, else bash. */
  command?: RunOptions['command'] | undefined
  terminal: { input: NodeJS.ReadStream; output: NodeJS.WriteStream }
}

/** Boots a kernel and connects a terminal to a shell in it. Resolves with the shell's exit status. */
export async function shellInLab(options: ShellOptions): Promise<{ status: number; log: string }> {
  const { input, output } = options.terminal
  const size = (): { rows: number; columns: number } => ({ rows: output.rows ?? 24, columns: output.columns ?? 80 })
  const command = options.command ?? [process.env.SHELL ?? '/bin/bash']
  const lab = await start({ ...options, command, kernel: options.kernel ?? defaultKernel }, 'shell', size())
  const terminal = lab.terminal!
  const resize = (): void => lab.resize(size().rows, size().columns)
  const abort = (): void => lab.kill()
  options.signal?.addEventListener('abort', abort, { once: true })
  try {
    if (input.isTTY) input.setRawMode(true)
    await Promise.race([lab.started, lab.ended])
    output.on('resize', resize)
    input.pipe(terminal)
    terminal.pipe(output, { end: false })
    void lab.drained.then(() => lab.off())
    const { guest, log } = await lab.ended
    if (!terminal.readableEnded && !terminal.destroyed) await once(terminal, 'close')
    return { status: guest?.status ?? 125, log }
  } finally {
    // Whatever happened, the terminal must be usable again.
    if (input.isTTY) input.setRawMode(false)
    input.unpipe(terminal)
    input.pause()
    output.removeListener('resize', resize)
    options.signal?.removeEventListener('abort', abort)
  }
}
