import { createServer } from 'node:http'
import { eventStreams } from './events.js'
import { answer } from './routes.js'
import { echoSockets } from './websocket.js'

const behaviour = process.env.BEHAVIOUR ?? 'graceful'
const behaves = (name) => behaviour.split(',').includes(name)
const number = (name, usual) => Number(process.env[name] ?? usual)

if (behaves('crash-at-boot')) {
  console.error('steady: crashing at boot, as asked')
  process.exit(1)
}

const events = eventStreams()
const sockets = echoSockets()
const state = { healthy: !behaves('never-healthy'), checks: 0 }

/** The tenth check comes when an instance has been admitted, or is about to be. */
const CHECKS = 10

function checked() {
  state.checks += 1
  if (state.checks !== CHECKS) return
  if (behaves('crash-later')) {
    setTimeout(
      () => {
        console.error('steady: crashing later, as asked')
        process.exit(1)
      },
      number('CRASH_MS', 500),
    )
  }
  if (behaves('unhealthy-later')) setTimeout(() => (state.healthy = false), number('UNHEALTHY_MS', 500))
}

const server = createServer({ keepAliveTimeout: 120_000, requestTimeout: 0 }, (request, response) => {
  const url = new URL(request.url, 'http://app')
  if (url.pathname === '/health') {
    checked()
    response.writeHead(state.healthy ? 200 : 503).end()
  } else if (url.pathname === '/shutdown' && behaves('public-shutdown')) {
    shutDown()
    response.end()
  } else if (url.pathname === '/events') events.add(response)
  else if (behaves('500s')) response.writeHead(500).end('broken, as asked\n')
  else if (behaves('slow-answers')) setTimeout(answer, number('ANSWER_MS', 300), url, request, response)
  else answer(url, request, response)
})
server.on('upgrade', sockets.upgrade)

function sayGoodbye() {
  events.end()
  sockets.goAway()
}

function shutDown() {
  if (behaves('steps-aside')) state.healthy = false
  sayGoodbye()
}

function listen() {
  server.listen(number('PORT', 3000), process.env.HOST ?? '127.0.0.1', () =>
    console.log(`steady listens (${behaviour})`),
  )
}

if (process.env.TASUKI_PRIVATE_PORT) {
  const hooks = createServer((request, response) => {
    if (request.url === '/shutdown') shutDown()
    response.writeHead(request.url === '/shutdown' ? 200 : 404).end()
  })
  hooks.listen(number('TASUKI_PRIVATE_PORT'), process.env.HOST ?? '127.0.0.1')
  hooks.unref()
}

process.on('SIGTERM', () => {
  if (behaves('exit-at-once')) process.exit(143)
  if (behaves('ignore-term')) return
  sayGoodbye()
  server.close(() => process.exit(0))
  // A connection whose last request ends later is idle only then.
  setInterval(() => server.closeIdleConnections(), 20)
})

if (behaves('never-listen')) setInterval(() => undefined, 1000)
else if (behaves('slow-boot')) setTimeout(listen, number('BOOT_MS', 3000))
else listen()
