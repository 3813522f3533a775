import { createHash } from 'node:crypto'
import { appendFile, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import fastify from 'fastify'
import { WebSocketServer } from 'ws'
import { eventStreams } from './events.js'

const { version } = JSON.parse(await readFile(new URL('package.json', import.meta.url), 'utf8'))
const self = {
  instance: process.env.TASUKI_INSTANCE ?? `local-${process.pid}`,
  release: process.env.TASUKI_RELEASE ?? 'v0',
  version,
}

const app = fastify({
  // The router closes idle connections first, so that no request meets one that is just being closed here.
  keepAliveTimeout: 120_000,
  forceCloseConnections: 'idle',
})

// Bodies come as streams: an upload of any size needs no memory.
app.removeAllContentTypeParsers()
app.addContentTypeParser('*', async (_request, body) => body)

let stopping = false
app.addHook('onSend', async (_request, reply) => {
  // The last answer on a connection says so; else the connection would stay open, and this process with it.
  if (stopping) reply.header('connection', 'close')
})

app.get('/', () => self)

app.get('/health', () => ({ status: 'ok', ...self }))

app.get('/slow', async (request) => {
  await pause(Math.min(Number(request.query.ms ?? 1000), 60_000))
  return self
})

app.post('/upload', async (request) => {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length
    hash.update(chunk)
  }
  return { ...self, bytes, sha256: hash.digest('hex') }
})

app.post('/orders', async (request, reply) => {
  const { id } = JSON.parse(await text(request.body))
  if (typeof id !== 'string' || !/^[\w-]{1,100}$/.test(id))
    return reply.code(400).send({ error: 'An order needs an id.' })
  // One line for each order that was carried out: an order that came twice stands there twice.
  if (process.env.ORDERS_LOG) await appendFile(process.env.ORDERS_LOG, `${id} ${self.instance}\n`)
  return reply.code(201).send({ ...self, id })
})

async function text(body) {
  const chunks = []
  for await (const chunk of body ?? []) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

const events = eventStreams()
app.get('/events', (_request, reply) => {
  reply.hijack()
  events.add(reply.raw)
})

const sockets = new WebSocketServer({ noServer: true })
sockets.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  socket.on('error', () => socket.terminate())
})
app.server.on('upgrade', (request, socket, head) => {
  if (request.url.split('?')[0] !== '/ws')
    return socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n')
  return sockets.handleUpgrade(request, socket, head, (opened) => sockets.emit('connection', opened))
})

/** Ends what would never end by itself; the clients connect anew, and reach the new version. */
function sayGoodbye() {
  events.end()
  for (const socket of sockets.clients) socket.close(1001, 'moving to a new version')
  setTimeout(() => {
    for (const socket of sockets.clients) socket.terminate()
  }, 2000).unref()
}

// Only Tasuki reaches the private port; visitors never do. In a container HOST is its every address, else this machine's own.
if (process.env.TASUKI_PRIVATE_PORT) {
  const hooks = createServer((request, response) => {
    const known = request.url === '/shutdown'
    if (known) sayGoodbye()
    response.writeHead(known ? 200 : 404, { connection: 'close' }).end()
  })
  hooks.listen(Number(process.env.TASUKI_PRIVATE_PORT), process.env.HOST ?? '127.0.0.1')
  hooks.unref()
}

process.once('SIGTERM', async () => {
  stopping = true
  sayGoodbye()
  await app.close()
})

await app.listen({ host: process.env.HOST ?? '127.0.0.1', port: Number(process.env.PORT ?? 3000) })
console.log(`${self.instance} of release ${self.release} (version ${version}) listens`)
