import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePorts } from './ports.ts'
import { killProcessesOf, processesOf } from './processes.ts'
import { run } from './run.ts'
import { until } from './until.ts'
import { visit } from './visit.ts'

test('processes are found by directory in their arguments, environment or working directory, and ended', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'tasuki-harness-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const children = [
    spawn('sh', ['-c', 'while :; do sleep 0.1; done', directory], { stdio: 'ignore' }),
    spawn('sleep', ['60'], { env: { MARK: directory } }),
    spawn('sleep', ['60'], { cwd: directory }),
  ]
  const pids = children.map((child) => child.pid!)
  await until('all to run', () => pids.every((pid) => processesOf(directory).includes(pid)))
  killProcessesOf(directory)
  await until('all to be gone', () => processesOf(directory).length === 0)
})

test('waiting in vain says for what', async () => {
  await assert.rejects(
    until('the moon', () => false, 30),
    /in vain for: the moon/,
  )
})

test('a command that fails gives its code and its output', async () => {
  const ran = await run('sh', ['-c', 'cat; echo oh >&2; exit 3'], { input: 'in' })
  assert.deepEqual(ran, { code: 3, stdout: 'in', stderr: 'oh\n' })
})

test('free ports are different ones', async () => {
  const ports = await freePorts(20)
  assert.equal(new Set(ports).size, 20)
})

test('a visit has the host that was asked for', async (t) => {
  const server = createServer((asked, answer) =>
    answer.end(`${asked.method} ${asked.headers.host} ${asked.url}`),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  assert.equal((await visit(url, 'app.test', '/x?y')).body, 'GET app.test /x?y')
})
