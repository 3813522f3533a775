import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { field, parseLine } from './parse.ts'
import { startApp, type TestApp } from './testing/app.ts'
import { Visitor } from './testing/client.ts'
import { startRouter, type TestRouter, until } from './testing/router.ts'
import { WorkerLink } from './worker-link.ts'

let app: TestApp
let router: TestRouter
let link: WorkerLink
const texts: string[] = []

before(async () => {
  app = await startApp()
  router = await startRouter(app.port)
  link = await WorkerLink.connect(router.statsSocket)
  link.follow(
    (text) => texts.push(text),
    () => undefined,
  )
})

after(async () => {
  link.close()
  await router.stop()
  await app.stop()
})

/** Sends these bytes and returns the one line that comes of it. */
async function logged(bytes: string) {
  const from = texts.length
  const visitor = await Visitor.connect(router.port)
  await visitor.ask(bytes)
  await until(() => texts.length > from)
  visitor.close()
  assert.equal(texts.length, from + 1)
  const line = parseLine(texts[from] ?? '')
  assert.ok(line, texts[from])
  return line
}

const HOSTILE: readonly (readonly [string, string])[] = [
  ['spaces and quotes in the host', 'GET / HTTP/1.1\r\nHost: a "b" %0a T1 1\r\n\r\n'],
  ['a long host', `GET / HTTP/1.1\r\nHost: ${'"'.repeat(3000)}\r\n\r\n`],
  ['an empty host', 'GET / HTTP/1.1\r\nHost: \r\n\r\n'],
  ['no host', 'GET / HTTP/1.0\r\n\r\n'],
  ['a long path', `GET /${'a'.repeat(6000)} HTTP/1.1\r\nHost: a\r\n\r\n`],
  ['quotes in the path', 'GET /"\\\x7f"?q HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a whole URI', 'GET http://other.example/x?secret HTTP/1.1\r\nHost: other.example\r\n\r\n'],
  ['an odd method', "F#O'`| / HTTP/1.1\r\nHost: a\r\n\r\n"],
  ['no HTTP at all', 'GARBAGE\r\n\r\n'],
  ['a head that is too large', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`],
  ['an id with a space', 'GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: aaaaaaaaaaaa aaaaaaaaaaaa\r\n\r\n'],
  [
    'two ids, the last one bad',
    `GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: ${'a'.repeat(30)}\r\nX-Request-Id: b c\r\n\r\n`,
  ],
]

for (const [name, bytes] of HOSTILE) {
  test(`a line stays whole with ${name}`, async () => {
    const line = await logged(bytes)
    assert.ok(line.endedAt > 1.7e12)
    assert.doesNotMatch(field(line.fields, 'requestId'), /%20/)
    assert.doesNotMatch(line.fields.join(' '), /secret/)
  })
}

test("a visitor's well-formed id is kept", async () => {
  const id = 'abcDEF-0123456789_/+='
  const line = await logged(`GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: ${id}\r\n\r\n`)
  assert.equal(decodeURIComponent(field(line.fields, 'requestId')), id)
})

test('what is no line of ours is refused', () => {
  for (const text of [
    '',
    '12 events dropped',
    'Proxy visitors stopped (cumulated conns: FE: 1, BE: 0).',
    'T1 1 2',
  ])
    assert.equal(parseLine(text), null)
})
