import type Docker from 'dockerode'
import { asTasukiError, TasukiError } from '../../domain/errors.ts'

/** A Docker host, as far as images go. */
export interface ImageHost {
  readonly id: string
  readonly name: string
  readonly docker: Docker
  /** False while it is known that it can not be reached. */
  reachable(): boolean
}

/** What an engine tells of something that goes on. */
export interface EngineMessage {
  readonly id?: string
  readonly stream?: string
  readonly status?: string
  readonly error?: string
  readonly errorDetail?: { readonly message?: string }
  /** A text where BuildKit speaks. */
  readonly aux?: string | { readonly ID?: string; readonly Digest?: string }
}

const NOT_FOUND = 404
/** An engine that says nothing for that long, while something goes on, is given up. */
const SILENCE_MS = 60_000

/**
 * Follows what an engine tells to its end. Throws TasukiError with what went wrong, also where it was told in the middle, when
 * the engine breaks off or falls silent, and when `signal` ends it.
 */
export async function followed(
  host: ImageHost,
  what: string,
  stream: NodeJS.ReadableStream,
  more: {
    readonly onMessage?: (message: EngineMessage) => void
    readonly signal?: AbortSignal
    readonly silenceMs?: number
  } = {},
): Promise<void> {
  const watch = new Watch(host, what, more.silenceMs ?? SILENCE_MS, more.signal)
  try {
    await watch.over(stream, async () => {
      let wrong: string | null = null
      for await (const message of messages(stream)) {
        watch.heard()
        wrong ??= message.errorDetail?.message ?? message.error ?? null
        more.onMessage?.(message)
      }
      if (wrong !== null) throw new Error(wrong)
    })
  } catch (error) {
    throw engineError(host, what, error)
  }
}

/** Ends a stream that nothing comes of any more. */
export class Watch {
  readonly #host: ImageHost
  readonly #what: string
  readonly #silenceMs: number
  readonly #signal: AbortSignal | undefined
  #timer: NodeJS.Timeout | null = null

  constructor(host: ImageHost, what: string, silenceMs: number = SILENCE_MS, signal?: AbortSignal) {
    this.#host = host
    this.#what = what
    this.#silenceMs = silenceMs
    this.#signal = signal
  }

  heard(): void {
    this.#timer?.refresh()
  }

  /** Runs what ends when the stream is destroyed, or when its signal says so: both happen when nothing is heard any more. */
  async over<Result>(
    stream: NodeJS.ReadableStream,
    work: (abortSignal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const abort = new AbortController()
    const reason: { error: TasukiError | null } = { error: null }
    const end = (error: TasukiError) => {
      reason.error ??= error
      ;(stream as NodeJS.ReadableStream & { destroy(why: Error): void }).destroy(error)
      abort.abort()
    }
    const stop = () => end(new TasukiError('build_failed', 'It was stopped.'))
    const silence = `${this.#host.name} fell silent while ${this.#what}.`
    this.#timer = setTimeout(() => end(new TasukiError('host_unreachable', silence)), this.#silenceMs)
    this.#signal?.addEventListener('abort', stop)
    try {
      if (this.#signal?.aborted) stop()
      return await work(abort.signal)
    } catch (error) {
      throw reason.error ?? error
    } finally {
      clearTimeout(this.#timer)
      this.#signal?.removeEventListener('abort', stop)
    }
  }
}

/** One JSON text a line. */
async function* messages(stream: NodeJS.ReadableStream): AsyncGenerator<EngineMessage> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk as Buffer, { stream: true })).split('\n')
    rest = lines.pop()!
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line)
  }
  if (rest.trim() !== '') yield JSON.parse(rest)
}

/** Whether the engine said that there is no such thing. */
export function isNotFound(error: unknown): boolean {
  return (error as { statusCode?: unknown } | null)?.statusCode === NOT_FOUND
}

function isFullHere(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes((error as { code?: string } | null)?.code ?? '')
}

/** Any failure of a call to an engine as one that a user may see. `what` it was doing: `pulling an image`. */
export function engineError(host: Pick<ImageHost, 'name'>, what: string, error: unknown): TasukiError {
  if (error instanceof TasukiError) return error
  const { statusCode, message = String(error) } = error as { statusCode?: number; message?: string }
  const said = message.trim().slice(0, 500)
  // An error of this machine, which has a code: what the host's disk says comes in words.
  if (isFullHere(error)) return asTasukiError(error)
  if (/no space left on device|disk quota exceeded/i.test(message))
    return new TasukiError('disk_full', `No space is left on ${host.name}: ${said}`, {
      next: `Free disk space on ${host.name}, for example with \`docker system prune\`, then try again.`,
      cause: error,
    })
  if (
    statusCode === undefined &&
    /ECONN|EPIPE|ENOENT|premature|aborted|hang up|channel|not connected/i.test(message)
  )
    return new TasukiError('host_unreachable', `${host.name} broke off while ${what}: ${said}`, {
      cause: error,
    })
  return new TasukiError('image_unavailable', `${host.name} failed while ${what}: ${said}`, { cause: error })
}
