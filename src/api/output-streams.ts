import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ServerEvent, Source, Streams } from './streams.ts'

const BYTES = /^bytes=(\d+)-$/

/**
 * Sends what a build or a release phase says: as plain text, or as server-sent events to who accepts those. A reader that
 * lost the connection goes on where it was, with `Range: bytes=N-` or with the `Last-Event-ID` that it saw last.
 */
export function sendOutput(
  request: FastifyRequest,
  reply: FastifyReply,
  streams: Streams,
  source: Source<string | Buffer>,
): FastifyReply {
  const wantsEvents = request.headers.accept?.includes('text/event-stream') ?? false
  if (wantsEvents) {
    const from = Number(/^\d+$/.exec(String(request.headers['last-event-id'] ?? ''))?.[0] ?? 0)
    return streams.events(reply, (signal) => lineEvents(rest(source(signal), from), from))
  }
  const start = BYTES.exec(request.headers.range ?? '')?.[1]
  reply.header('accept-ranges', 'bytes')
  if (start === undefined) return streams.text(reply, source)
  reply.code(206).header('content-range', `bytes ${start}-*/*`)
  return streams.text(reply, (signal) => rest(source(signal), Number(start)))
}

/** All but the first bytes. */
async function* rest(source: AsyncIterable<string | Buffer>, from: number): AsyncGenerator<Buffer> {
  let skip = from
  for await (const chunk of source) {
    const bytes = Buffer.from(chunk)
    if (skip < bytes.length) yield bytes.subarray(skip)
    skip = Math.max(0, skip - bytes.length)
  }
}

/** An event for each line; its id says how many bytes there were to the end of the line. */
async function* lineEvents(source: AsyncIterable<Buffer>, from: number): AsyncGenerator<ServerEvent> {
  let at = from
  let left = Buffer.alloc(0)
  for await (const chunk of source) {
    left = Buffer.concat([left, chunk])
    for (let end = left.indexOf(10); end >= 0; end = left.indexOf(10)) {
      at += end + 1
      yield { id: String(at), data: left.subarray(0, end).toString() }
      left = left.subarray(end + 1)
    }
  }
  if (left.length > 0) yield { id: String(at + left.length), data: left.toString() }
}
