import { createServer } from 'node:http'
import { openDatabase } from './database.js'
import { total } from './prices.js'

const database = openDatabase(process.env.DATABASE)
const release = process.env.TASUKI_RELEASE ?? 'v0'

const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
  const { pathname } = new URL(request.url, 'http://shop')
  if (pathname === '/') answer(response, 200, shop())
  else if (pathname === '/health') answer(response, 200, { ok: true })
  else answer(response, 404, { error: 'There is no such page.' })
})

function shop() {
  const shoes = database.prepare('SELECT * FROM shoes ORDER BY name').all()
  return { greeting: process.env.GREETING ?? '', shoes, total: total(shoes), release }
}

function answer(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

// Idle connections are kept for longer than the router keeps them; on SIGTERM requests under way are answered.
process.on('SIGTERM', () => server.close(() => process.exit(0)))
server.listen(process.env.PORT ?? 3000)
