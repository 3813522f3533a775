import assert from 'node:assert/strict'
import { test } from 'node:test'
import { herokuCode, herokuLine } from './heroku-line.ts'
import { FIELD_INDEX, LOG_VERSION, type LogField } from './log-format.ts'
import { type LogLine, parseLine } from './parse.ts'

const GOOD: Record<LogField, string> = {
  version: LOG_VERSION,
  pid: '1',
  seq: '0',
  endedAt: '1795297969126',
  active: '21',
  request: '0',
  queue: '0',
  connect: '1',
  response: '16',
  data: '2',
  status: '200',
  termination: '--',
  retries: '0',
  bytes: '13',
  frontend: 'visitors',
  backend: 'app',
  server: 's1',
  serverHost: '127.0.0.1',
  serverPort: '5000',
  held: '-',
  requestId: 'd11420a3-13fb-441d-ae67-3479dfa5e362',
  app: 'shop',
  client: '203.0.113.9',
  protocol: 'HTTP/1.1',
  method: 'GET',
  host: 'shop.example%3A8080',
  path: '/a%22b',
}

function line(changes: Partial<Record<LogField, string>> = {}): LogLine {
  const fields = { ...GOOD, ...changes }
  const names = Object.keys(FIELD_INDEX) as LogField[]
  const parsed = parseLine(names.map((name) => fields[name]).join(' '))
  assert.ok(parsed)
  return parsed
}

test('a request has the fields that people know', () => {
  assert.equal(
    herokuLine(line(), 'web.1'),
    'at=info method=GET path="/a%22b" host=shop.example:8080 request_id=d11420a3-13fb-441d-ae67-3479dfa5e362' +
      ' fwd="203.0.113.9" dyno=web.1 connect=1ms service=18ms status=200 bytes=13 protocol=http',
  )
})

const NOBODY = { serverHost: '-', serverPort: '-', server: '<NOSRV>', connect: '-1', response: '-1' }

for (const [code, changes] of [
  ['H10', { status: '503', termination: 'SC', response: '-1' }],
  ['H12', { status: '504', termination: 'sH', response: '-1' }],
  ['H13', { status: '502', termination: 'SH', response: '-1' }],
  ['H14', { ...NOBODY, status: '503', termination: 'SC' }],
  ['H15', { termination: 'sD' }],
  ['H17', { status: '502', termination: 'PH', response: '-1' }],
  ['H18', { termination: 'SD' }],
  ['H20', { ...NOBODY, status: '503', termination: 'LR', held: '15000' }],
  ['H21', { status: '503', termination: 'SC', response: '-1', retries: '3' }],
  ['H26', { ...NOBODY, status: '400', termination: 'PR' }],
  ['H27', { termination: 'CD' }],
  ['H28', { termination: 'cD' }],
  ['H80', { ...NOBODY, status: '503', termination: 'LR', backend: 'visitors' }],
] as const) {
  test(`${code} is said of ${JSON.stringify(changes)}`, () => {
    assert.equal(herokuCode(line(changes))?.code, code)
    assert.match(herokuLine(line(changes), ''), new RegExp(`^at=(error|warning|info) code=${code} desc="`))
  })
}

test("an app's own errors have no code", () => {
  for (const status of ['400', '500', '502', '503', '504']) assert.equal(herokuCode(line({ status })), null)
})
