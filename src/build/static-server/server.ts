import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { Files, type Found } from './files.ts'
import { type ByteRange, readRange } from './ranges.ts'

/** Longer than any router keeps an idle connection, so that it is never this side that closes one under a request. */
const KEEP_ALIVE_MS = 120_000

const COMPRESSIBLE = /^(text\/|application\/(json|xml|manifest)|image\/svg)/
const COMPRESS_FROM_BYTES = 1024

/** A server for the files of a folder: GET and HEAD, index.html, 404.html, ETag, ranges, gzip. No listings. */
export async function staticServer(root: string): Promise<Server> {
  const files = await Files.of(root)
  return createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    answer(files, request, response).catch((error) => fail(response, error))
  })
}

/** Files that vanish and visitors who go away are no reason to end; what has not begun becomes a 500. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  console.error(error)
  response.writeHead(500, { 'content-type': 'text/plain' }).end('Internal server error\n')
}

async function answer(files: Files, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD', 'content-type': 'text/plain' }).end('Method not allowed\n')
    return
  }
  const [rawPath = '/', query] = (request.url ?? '/').split('?', 2)
  const path = decoded(rawPath)
  const found = path === null ? null : await files.find(path)
  if (found === null) await answerMissing(files, request, response)
  else if (found === 'folder') redirect(rawPath, query, response)
  else await send(found, request, response, 200)
}

/** The path with its percent escapes resolved; null when it is malformed. */
function decoded(path: string): string | null {
  try {
    return path.startsWith('/') ? decodeURIComponent(path) : null
  } catch {
    return null
  }
}

/** Only the path is repeated, with one slash in front, so that nobody is sent to another host. */
function redirect(path: string, query: string | undefined, response: ServerResponse): void {
  const location = `${path.replace(/^\/+/, '/')}/${query === undefined ? '' : `?${query}`}`
  response.writeHead(301, { location, 'content-length': 0 }).end()
}

async function answerMissing(
  files: Files,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const page = await files.find('/404.html')
  if (page !== null && page !== 'folder') return await send(page, request, response, 404)
  const text = 'Not found\n'
  response.writeHead(404, { 'content-type': 'text/plain', 'content-length': text.length })
  response.end(request.method === 'HEAD' ? undefined : text)
}

async function send(
  found: Found,
  request: IncomingMessage,
  response: ServerResponse,
  status: 200 | 404,
): Promise<void> {
  await using handle = found.handle
  const gzip = wantsGzip(found, request)
  const etag = gzip ? `"${found.tag}-gzip"` : `"${found.tag}"`
  setHeaders(response, found, etag)
  if (status === 200 && listed(request.headers['if-none-match'], etag)) {
    response.writeHead(304).end()
  } else if (gzip) {
    response.writeHead(status, { 'content-encoding': 'gzip' })
    if (request.method === 'HEAD') response.end()
    else await pipeline(handle.createReadStream({ autoClose: false, start: 0 }), createGzip(), response)
  } else {
    await sendPlain(
      found,
      status === 200 ? wantedRange(found, request, etag) : null,
      request,
      response,
      status,
    )
  }
}

function setHeaders(response: ServerResponse, found: Found, etag: string): void {
  response.setHeader('etag', etag)
  response.setHeader('content-type', found.type)
  // Kept, but asked for anew each time: after a deploy nobody sees half of the old site.
  response.setHeader('cache-control', 'no-cache')
  response.setHeader('x-content-type-options', 'nosniff')
  if (COMPRESSIBLE.test(found.type)) response.setHeader('vary', 'accept-encoding')
}

async function sendPlain(
  found: Found,
  range: ByteRange | 'unsatisfiable' | null,
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
): Promise<void> {
  if (range === 'unsatisfiable') {
    response.writeHead(416, { 'content-range': `bytes */${found.size}`, 'content-length': 0 }).end()
    return
  }
  const { start, end } = range ?? { start: 0, end: found.size - 1 }
  response.setHeader('accept-ranges', 'bytes')
  response.setHeader('content-length', end - start + 1)
  if (range) response.setHeader('content-range', `bytes ${start}-${end}/${found.size}`)
  response.writeHead(range ? 206 : status)
  if (request.method === 'HEAD' || end < start) response.end()
  else await pipeline(found.handle.createReadStream({ autoClose: false, start, end }), response)
}

function wantsGzip(found: Found, request: IncomingMessage): boolean {
  if (found.size < COMPRESS_FROM_BYTES || !COMPRESSIBLE.test(found.type)) return false
  if (request.headers.range !== undefined) return false
  return /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(String(request.headers['accept-encoding'] ?? ''))
}

function wantedRange(found: Found, request: IncomingMessage, etag: string): ReturnType<typeof readRange> {
  const condition = request.headers['if-range']
  if (condition !== undefined && condition !== etag) return null
  return readRange(request.headers.range, found.size)
}

function listed(header: string | undefined, etag: string): boolean {
  const tags = (header ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes(etag) || tags.includes('*')
}
