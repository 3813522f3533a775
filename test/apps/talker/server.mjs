// An app that writes log lines on demand. GET /talk?from=N&lines=N&rate=N writes numbered lines with the time of each, that many a
// second; any other path is answered at once.
import { createServer } from 'node:http'

const FILL = 'x'.repeat(80)
const TICK_MS = 5

function talk(from, lines, rate) {
  const begun = performance.now()
  let written = 0
  const timer = setInterval(() => {
    const due = Math.min(lines, Math.ceil(((performance.now() - begun) / 1000) * rate))
    let text = ''
    for (; written < due; written++)
      text += `line ${from + written} ${performance.timeOrigin + performance.now()} ${FILL}\n`
    if (text !== '') process.stdout.write(text)
    if (written >= lines) clearInterval(timer)
  }, TICK_MS)
}

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://talker')
  const number = (name) => Number(searchParams.get(name))
  if (pathname === '/talk') talk(number('from'), number('lines'), number('rate'))
  request.resume().on('end', () => response.end('ok\n'))
})
process.on('SIGTERM', () => server.close(() => process.exit(0)))
server.keepAliveTimeout = 120_000
server.listen(Number(process.env.PORT), process.env.HOST)
