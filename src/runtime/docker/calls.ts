import type Docker from 'dockerode'
import { TasukiError } from '../../domain/errors.ts'
import { within } from '../../within.ts'

/** How long Docker may take to answer, ms. Nothing is waited for longer. */
export const LIMITS = { look: 5_000, change: 20_000, start: 60_000 } as const

/**
 * Asks a host's Docker, for at most so long. Throws TasukiError `host_unreachable` when it is not known what came of it,
 * `disk_full` when that is what Docker says, else Docker's refusal as it is (`statusOf`).
 */
export async function ask<T>(
  host: { readonly name: string },
  limitMs: number,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = () => unreachable(host, `Docker has not answered for ${limitMs / 1000} s`)
  try {
    return await within(limitMs, call, late)
  } catch (error) {
    throw judged(host, error)
  }
}

/**
 * As `ask`, for what opens a stream: the limit is for its beginning, and one that would be opened later is given up. `closing`
 * ends it at any time.
 */
export function askToOpen<T>(
  host: { readonly name: string },
  limitMs: number,
  call: (signal: AbortSignal) => Promise<T>,
  closing?: AbortSignal,
): Promise<T> {
  return ask(host, limitMs, (late) => call(closing ? AbortSignal.any([late, closing]) : late))
}

/** What Docker says of itself and its machine. */
export async function infoOf(host: { readonly name: string; readonly docker: Docker }): Promise<DockerInfo> {
  const info = host.docker.info.bind(host.docker) as (options: object) => Promise<DockerInfo>
  return ask(host, LIMITS.look, (abortSignal) => info({ abortSignal }))
}

interface DockerInfo {
  readonly SystemTime: string
  readonly DockerRootDir: string
  readonly Driver: string
  readonly LiveRestoreEnabled: boolean
  readonly MemoryLimit: boolean
  readonly Images: number
}

/** HTTP status of Docker's refusal; null for any other error. */
export function statusOf(error: unknown): number | null {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : null
}

/** Docker's own words, without what dockerode puts before them. */
export function wordsOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.replace(/^\(HTTP code \d+\) [^-]*- /, '').trim()
}

/** A refusal that nothing here knew to expect. */
export function refused(host: { readonly name: string }, what: string, error: unknown): TasukiError {
  if (error instanceof TasukiError) return error
  return new TasukiError('invalid_params', `Docker on ${host.name} does not ${what}: ${wordsOf(error)}`, {
    next: 'Correct the image, the command or the host, as Docker says.',
    cause: error,
    details: { host: host.name },
  })
}

export function unreachable(host: { readonly name: string }, why: string, cause?: unknown): TasukiError {
  return new TasukiError('host_unreachable', `The host ${host.name} does not answer: ${why}.`, {
    cause,
    details: { host: host.name },
  })
}

function judged(host: { readonly name: string }, error: unknown): unknown {
  if (error instanceof TasukiError) return error
  const words = wordsOf(error)
  if (/no space left on device|disk quota exceeded/i.test(words))
    return new TasukiError('disk_full', `No space is left on the disk of ${host.name}: ${words}`, {
      next: `Free disk space on ${host.name} (\`docker system df\` shows what images take), then try again.`,
      cause: error,
      details: { host: host.name },
    })
  return statusOf(error) === null ? unreachable(host, words || 'the connection was lost', error) : error
}
