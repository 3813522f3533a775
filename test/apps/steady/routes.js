import { createHash } from 'node:crypto'
import { appendFileSync } from 'node:fs'

export const self = {
  instance: process.env.TASUKI_INSTANCE ?? `local-${process.pid}`,
  release: process.env.TASUKI_RELEASE ?? 'v0',
  version: process.env.VERSION ?? '1',
}

const ROUTES = {
  '/': (_url, _request, response) => send(response, 200, self),
  '/slow': (url, _request, response) => {
    setTimeout(send, Number(url.searchParams.get('ms') ?? 1000), response, 200, self)
  },
  '/status': (url, _request, response) => send(response, Number(url.searchParams.get('code') ?? 200), self),
  '/env': (url, _request, response) => {
    const name = url.searchParams.get('name')
    send(response, 200, { [name]: process.env[name] ?? null })
  },
  '/big': big,
  '/upload': upload,
  '/orders': order,
  '/no-response': (_url, request) => request.socket.destroy(),
  '/cut': cut,
  '/drip': drip,
  '/garbage': (_url, request) => request.socket.end('this is not HTTP\r\n\r\n'),
  '/hang': () => undefined,
  '/exit': (url) => process.exit(Number(url.searchParams.get('code') ?? 1)),
}

export function answer(url, request, response) {
  const route = ROUTES[url.pathname]
  // A client that goes away in the middle of its upload must not end the app.
  if (route) Promise.try(route, url, request, response).catch(() => response.destroy())
  else send(response, 404, { error: 'no such route' })
}

function send(response, status, body) {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}

/** A body of any size, in the pace of whoever reads it. */
function big(url, _request, response) {
  let left = Number(url.searchParams.get('bytes') ?? 1_000_000)
  response.writeHead(200, { 'content-length': left })
  const more = () => {
    while (left > 0) {
      const bytes = Math.min(left, 65_536)
      left -= bytes
      if (!response.write(Buffer.alloc(bytes, 'x'))) return response.once('drain', more)
    }
    return response.end()
  }
  more()
}

function cut(_url, request, response) {
  response.writeHead(200, { 'content-length': 1000 })
  response.write('half of it')
  setTimeout(() => request.socket.destroy(), 20)
}

/** An answer that begins at once and ends late. */
function drip(url, _request, response) {
  const text = JSON.stringify(self)
  response.writeHead(200, { 'content-length': text.length })
  response.write(text.slice(0, 1))
  setTimeout(() => response.end(text.slice(1)), Number(url.searchParams.get('ms') ?? 1000))
}

async function upload(_url, request, response) {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    hash.update(chunk)
  }
  send(response, 200, { ...self, bytes, sha256: hash.digest('hex') })
}

/** One line for each order that was carried out: an order that came twice stands there twice. */
async function order(_url, request, response) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const { id } = JSON.parse(Buffer.concat(chunks).toString())
  await writeDown(`${id} ${self.instance}\n`)
  setTimeout(send, Number(process.env.ORDER_MS ?? 0), response, 201, { ...self, id })
}

/** Into a file, or to whoever keeps the book elsewhere: an order that could not be written down was not carried out. */
async function writeDown(line) {
  const { ORDERS_LOG, ORDERS_URL } = process.env
  if (ORDERS_LOG) appendFileSync(ORDERS_LOG, line)
  if (ORDERS_URL) await fetch(ORDERS_URL, { method: 'POST', body: line })
}
