import { PassThrough, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type Docker from 'dockerode'
import { TasukiError } from '../../domain/errors.ts'
import { within } from '../../within.ts'
import { type ImageHost, Watch } from './engine.ts'

/** How long an engine may take to answer, ms. */
export const ENGINE_LIMITS = {
  /** With what it knows. */
  look: 10_000,
  /** With the beginning of something that goes on: it asks a registry first. */
  begin: 120_000,
  /** With what it has changed. */
  change: 60_000,
  /** With what it has to write first, as big as an image may be. */
  write: 10 * 60_000,
} as const

/**
 * Asks an engine, for at most so long. Rejects with its refusal as it is, and with TasukiError `host_unreachable` when it does
 * not answer: then it is not known what came of it.
 */
export function asked<T>(
  host: Pick<ImageHost, 'name'>,
  what: string,
  limitMs: number,
  call: (abortSignal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { name } = host
  const late = () =>
    new TasukiError('host_unreachable', `${name} has said nothing for ${limitMs / 1000} s while ${what}.`, {
      next: `Does Docker work on ${name}? \`docker info\` there tells.`,
      details: { host: name },
    })
  return within(limitMs, call, late)
}

/** What an engine knows of an image. */
export function inspected(host: ImageHost, image: string): Promise<Docker.ImageInspectInfo> {
  return asked(host, 'looking for an image', ENGINE_LIMITS.look, () => host.docker.getImage(image).inspect())
}

/**
 * Sends an engine something long, and follows it to what comes of it. As long as it goes on taking it; after that it may be
 * silent for a minute. Rejects as `asked`.
 */
export function sent<T>(
  host: ImageHost,
  what: string,
  body: Readable,
  call: (body: Readable, abortSignal: AbortSignal) => Promise<T>,
): Promise<T> {
  const watch = new Watch(host, what)
  const through = new PassThrough()
  through.on('data', () => watch.heard())
  return watch.over(body, async (abortSignal) => {
    const copied = pipeline(body, through)
    try {
      const [answer] = await Promise.all([call(through, abortSignal), copied])
      return answer
    } finally {
      body.destroy()
      await copied.catch(() => undefined)
    }
  })
}
