// The app of the rollout benchmarks: answers at once, ends politely, and can be told to fail its health check, which is
// how the fixed-sleep recipe takes a host out of a balancer.
import { createServer } from 'node:http'

let healthy = true
process.on('SIGUSR2', () => {
  healthy = false
})

const identity = { 'x-instance': process.env.TASUKI_INSTANCE ?? `pid-${process.pid}` }

const server = createServer((request, response) => {
  const status = request.url === '/health' && !healthy ? 503 : request.method === 'POST' ? 201 : 200
  const body = request.url === '/port' ? process.env.PORT : 'hello\n'
  request.resume().on('end', () => response.writeHead(status, identity).end(body))
})
process.on('SIGTERM', () => server.close(() => process.exit(0)))
// Longer than any proxy keeps an idle connection, so that it is never this side that closes one first.
server.keepAliveTimeout = 120_000
server.listen(Number(process.env.PORT), process.env.HOST)
