// The app that is deployed in the tests under load. It has no dependencies, so that a deploy takes no installation.
// How it behaves is set by settings.json beside it, and by config vars, which win:
//   ON_TERM  exit (at once), graceful (the default) or ignore
//   BOOT     crash (exits with 3), deaf (never listens), or ms to wait before it listens
//   HEALTH   sick: answers 503 on /health
//   CRASH_MS exits with 4 so long after it began to listen
//   ERRORS   percent of GET / that are answered with 500
//   JOBS     directory in which the id of each job done is kept
//   JOB_MS   time that a job takes after its id was kept
import { createHash } from 'node:crypto'
import { appendFileSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { closeWebSockets, echo } from './websocket.mjs'

const settings = {
  ...JSON.parse(readFileSync(new URL('./settings.json', import.meta.url), 'utf8')),
  ...process.env,
}
const identity = {
  'x-instance': settings.TASUKI_INSTANCE ?? 'none',
  'x-release': settings.TASUKI_RELEASE ?? '0',
}
const streams = new Set()

function answer(response, status, body = '') {
  response.writeHead(status, { ...identity, 'content-type': 'text/plain' }).end(body)
}

const GET = {
  '/': (response) => {
    const failing = Math.random() * 100 < Number(settings.ERRORS ?? 0)
    answer(response, failing ? 500 : 200, `${settings.GREETING ?? 'hello'}\n`)
  },
  '/health': (response) => answer(response, settings.HEALTH === 'sick' ? 503 : 200, 'healthy\n'),
  '/slow': (response, query) => setTimeout(() => answer(response, 200, 'at last\n'), Number(query.get('ms'))),
  // Begins its answer at once and ends it late.
  '/drip': (response, query) => {
    response.writeHead(200, { ...identity, 'content-length': 10 }).write('first')
    setTimeout(() => response.end('later'), Number(query.get('ms')))
  },
  '/garbage': (response) => response.socket.end('this is not HTTP\r\n\r\n'),
  '/never': () => undefined,
  '/events': (response) => {
    response.writeHead(200, { ...identity, 'content-type': 'text/event-stream' })
    streams.add(response)
    let id = 0
    const timer = setInterval(() => response.write(`id: ${++id}\ndata: ${Date.now()}\n\n`), 100)
    response.on('close', () => {
      clearInterval(timer)
      streams.delete(response)
    })
  },
}

function post(request, response, path) {
  if (path.startsWith('/jobs/')) {
    appendFileSync(`${settings.JOBS}/${settings.TASUKI_INSTANCE}`, `${path.slice('/jobs/'.length)}\n`)
    const done = () => answer(response, 201, 'done\n')
    return request.resume().on('end', () => setTimeout(done, Number(settings.JOB_MS ?? 0)))
  }
  if (path !== '/upload') return answer(response, 404)
  const hash = createHash('sha256')
  request.on('data', (part) => hash.update(part)).on('end', () => answer(response, 200, hash.digest('hex')))
}

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://app')
  if (request.method === 'POST') return post(request, response, pathname)
  const serve = GET[pathname]
  if (serve) serve(response, searchParams)
  else answer(response, 404)
})
server.on('upgrade', (request, socket) => echo(request, socket, identity))

function onTerm() {
  if (settings.ON_TERM === 'ignore') return
  if (settings.ON_TERM === 'exit') process.exit(0)
  closeWebSockets(1001)
  for (const stream of streams) stream.end()
  server.close(() => process.exit(0))
}

process.on('SIGTERM', onTerm)
if (settings.BOOT === 'crash') {
  console.error('cannot start: the flux is missing')
  process.exit(3)
}
const listen = () => {
  // The private port has what only the platform may ask for: here, the hook before a stop.
  createServer((_, response) => answer(response, 200)).listen(
    Number(settings.TASUKI_PRIVATE_PORT),
    '127.0.0.1',
  )
  server.listen(Number(settings.PORT), settings.HOST, () => console.log(`listening on ${settings.PORT}`))
  if (settings.CRASH_MS) setTimeout(() => process.exit(4), Number(settings.CRASH_MS))
}
if (settings.BOOT === 'deaf') setInterval(() => undefined, 1_000)
else setTimeout(listen, Number(settings.BOOT ?? 0))
