import { closeSync, openSync, statSync, writeSync } from 'node:fs'
import type { InstanceExit } from '../../domain/instance.ts'
import { readIfThere } from './files.ts'
import type { ProcessIdentity } from './proc.ts'

/** What an instance's supervisor has said so far; see `scripts.ts`. */
export interface Status {
  readonly supervisor: (ProcessIdentity & { readonly boot: string }) | null
  readonly main: ProcessIdentity | null
  /** The main process has ended; others of its group may still be busy stopping. */
  readonly left: Omit<InstanceExit, 'at'> | null
  /** All is over. `at` is when it was written. */
  readonly exit: InstanceExit | null
}

/** Larger than all that is ever written into it, so that the disk may be full by then. */
const SIZE = 512

/** Makes the file unless it is there, and opens it for the supervisor. The caller closes it. */
export function openStatus(path: string): number {
  try {
    const file = openSync(path, 'wx+', 0o600)
    writeSync(file, '\n'.repeat(SIZE), 0)
    return file
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return openSync(path, 'r+')
    throw error
  }
}

/** Null when there is no such file. */
export function readStatus(path: string): Status | null {
  const text = readIfThere(path)
  if (text === null) return null
  const lines = new Map(linesOf(text).map((line) => [line[0]!, line]))
  return {
    supervisor: supervisorOf(lines.get('supervisor')),
    main: identityOf(lines.get('main')),
    left: endOf(lines.get('left')),
    exit: exitOf(path, lines.get('exit')),
  }
}

/** Each line is written at once, over the blank lines that the file was made of. */
function linesOf(text: string): string[][] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' '))
}

function supervisorOf(line: string[] | undefined): Status['supervisor'] {
  const identity = identityOf(line)
  return identity && line?.[3] ? { ...identity, boot: line[3] } : null
}

function identityOf(line: string[] | undefined): ProcessIdentity | null {
  return line?.[1] && line[2] ? { pid: Number(line[1]), start: line[2] } : null
}

function endOf(line: string[] | undefined): Status['left'] {
  if (!line?.[1]) return null
  return { code: line[1] === '-' ? null : Number(line[1]), cause: line[2] === 'memory' ? 'memory' : 'exit' }
}

function exitOf(path: string, line: string[] | undefined): InstanceExit | null {
  const end = endOf(line)
  return end && { ...end, at: Math.round(statSync(path).mtimeMs) }
}

/** Records an end that no supervisor could; an end on record already stays. */
export function settleStatus(path: string, end: Omit<InstanceExit, 'at'>): void {
  const text = readIfThere(path) ?? ''
  const file = openStatus(path)
  try {
    writeSync(
      file,
      `exit ${end.code ?? '-'} ${end.cause}\n`,
      Buffer.byteLength(text.trimEnd()) + (text.trim() === '' ? 0 : 1),
    )
  } finally {
    closeSync(file)
  }
}
