import type { SetupProgress } from './setup.js'

/** Shows a set-up on a terminal as one line per component that fills up, elsewhere as plain lines. */
export function progressPrinter(stream: NodeJS.WriteStream): (progress: SetupProgress) => void {
  let open = false
  const line = (text: string, more: boolean): void => {
    if (stream.isTTY) {
      stream.write(`\r\u001b[K${text}${more ? '' : '\n'}`)
      open = more
    } else {
      stream.write(`${text}\n`)
    }
  }
  let quarter = -1
  return (progress) => {
    switch (progress.step) {
      case 'waiting': return line('ovs-lab: waiting for another set-up to finish', false)
      case 'lists': return line(`ovs-lab: fetching the package lists of ${progress.suite}`, true)
      case 'download': {
        const now = Math.floor(progress.percent / 25)
        // A log needs no more than the quarters.
        if (!stream.isTTY && now === quarter) return
        quarter = now
        return line(`ovs-lab: ${progress.component}: downloading ${megabytes(progress.bytes)}, ${Math.floor(progress.percent)} %`, true)
      }
      case 'unpack':
        quarter = -1
        if (stream.isTTY || progress.done === 0) line(`ovs-lab: ${progress.component}: unpacking ${progress.total} packages`, true)
        return
      case 'ready':
        if (progress.fresh || open) line(`ovs-lab: ${progress.component}: ready`, false)
    }
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`
}
