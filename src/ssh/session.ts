import { constants } from 'node:os'
import type { ClientChannel } from 'ssh2'

export interface ExecOptions {
  readonly input?: string | Buffer
  /** Default thirty seconds. */
  readonly timeoutMs?: number
}

export interface ExecResult {
  /** Exit status, 128 + signal number for a death by signal, 255 when the host told neither. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** What a command may take where nothing else is said, ms. */
export const EXEC_MS = 30_000
const UNKNOWN_STATUS = 255

/** What comes of a command that has just been begun. Rejects with `lost` when it is not known how it went. */
export function resultOf(
  channel: ClientChannel,
  { input, timeoutMs = EXEC_MS }: ExecOptions,
  lost: (why: string) => Error,
): Promise<ExecResult> {
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  let code: number | null = null
  channel.on('data', (chunk: Buffer) => stdout.push(chunk))
  channel.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  channel.on('exit', (status: number | null, signal?: string) => {
    code = status ?? statusOf(signal)
  })
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(lost(`a command took longer than ${timeoutMs / 1000} s`))
      channel.destroy()
    }, timeoutMs)
    channel.once('error', reject)
    channel.once('close', () => {
      clearTimeout(timer)
      if (code === null) reject(lost('the connection was lost while a command ran'))
      else resolve({ code, stdout: text(stdout), stderr: text(stderr) })
    })
    channel.end(input)
  })
}

function statusOf(signal: string | undefined): number {
  const number = (constants.signals as Record<string, number>)[`SIG${signal?.replace(/^SIG/, '')}`]
  return number === undefined ? UNKNOWN_STATUS : 128 + number
}

function text(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString('utf8')
}
