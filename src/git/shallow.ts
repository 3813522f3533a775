import type { IncomingMessage } from 'node:http'

const HEAD = 4
const SHALLOW = /^shallow ([0-9a-f]{40}|[0-9a-f]{64})\n?$/
const MOST_BYTES = 4 * 1024 * 1024

/** The beginning of what a client sends for a push. */
interface Beginning {
  /** Where the history of its shallow clone ends. */
  readonly ends: readonly string[]
  /** What was read beyond that, to be sent on first. */
  readonly rest: Buffer
}

/** Takes the lines off a push that tell where a shallow clone ends. The request is left paused behind what was read. */
export async function takeShallow(request: IncomingMessage): Promise<Beginning> {
  const ends: string[] = []
  let bytes: Buffer = Buffer.alloc(0)
  let taken = 0
  for (;;) {
    const line = lineIn(bytes)
    const [, end] = line === null ? [] : (SHALLOW.exec(line.text) ?? [])
    if (line !== null && end === undefined) return { ends, rest: bytes }
    if (line !== null && end !== undefined) {
      ends.push(end)
      taken += line.length
      bytes = bytes.subarray(line.length)
      continue
    }
    const more = await nextChunk(request)
    if (more === null || taken > MOST_BYTES)
      return { ends, rest: more ? Buffer.concat([bytes, more]) : bytes }
    bytes = Buffer.concat([bytes, more])
  }
}

/** The first line of Git's framing; null when it has not come whole. What is no line at all counts as one. */
function lineIn(bytes: Buffer): { readonly text: string; readonly length: number } | null {
  if (bytes.length < HEAD) return null
  const length = Number.parseInt(bytes.toString('latin1', 0, HEAD), 16)
  if (!(length > HEAD)) return { text: '', length: HEAD }
  return bytes.length < length ? null : { text: bytes.toString('latin1', HEAD, length), length }
}

/** Null at the end. */
function nextChunk(request: IncomingMessage): Promise<Buffer | null> {
  const chunk = request.read() as Buffer | null
  if (chunk !== null) return Promise.resolve(chunk)
  if (request.readableEnded || request.destroyed) return Promise.resolve(null)
  return new Promise((resolve) => {
    const done = (value: Buffer | null) => {
      request.off('readable', readable).off('end', ended).off('close', ended)
      resolve(value)
    }
    const readable = () => {
      const more = request.read() as Buffer | null
      if (more !== null) done(more)
    }
    const ended = () => done(null)
    request.on('readable', readable).once('end', ended).once('close', ended)
  })
}
