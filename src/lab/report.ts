import type { Diagnosis, Finding } from './doctor.js'
import { printable } from './errors.js'

const marks: Record<Finding['state'], string> = { ok: 'ok', missing: '--', note: 'i', problem: '!!' }

/** A diagnosis as people read it. */
export function formatDiagnosis(diagnosis: Diagnosis): string {
  const { system, families, findings } = diagnosis
  const lines = [`${system.name}, ${system.architecture}, Linux ${system.kernel}, Node ${system.node}${diagnosis.insideLab ? ', inside the lab' : ''}`, '']
  if (families.length > 0) {
    lines.push('family        id  version', ...families.map(({ name, id, version }) => `${name.padEnd(12)}  ${String(id).padStart(2)}  ${version}`), '')
  }
  const width = Math.max(...findings.map(({ subject }) => subject.length))
  for (const { subject, state, text, remedy } of findings) {
    lines.push(`${marks[state].padStart(2)}  ${subject.padEnd(width)}  ${text}`)
    if (remedy !== undefined) lines.push(`${' '.repeat(width + 6)}-> ${remedy}`)
  }
  return printable(`${lines.join('\n')}\n`)
}
