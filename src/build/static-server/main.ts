import { staticServer } from './server.ts'

/** `node main.ts FOLDER`: serves the folder on HOST and PORT until SIGTERM, then finishes the requests that it has. */
const server = await staticServer(process.argv[2] ?? '.')
const host = process.env.HOST ?? '0.0.0.0'
const port = Number(process.env.PORT ?? 8080)

server.listen(port, host, () => console.log(`Serving ${process.argv[2] ?? '.'} on ${host}:${port}`))

process.once('SIGTERM', () => {
  // A connection whose last request ends later is idle only then.
  const closing = setInterval(() => server.closeIdleConnections(), 50)
  server.close(() => clearInterval(closing))
})
