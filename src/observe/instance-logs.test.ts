import assert from 'node:assert/strict'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { InstanceLogs } from './instance-logs.ts'
import { LogStore } from './log-store.ts'

describe('the output of instances', () => {
  let directory: string
  let raw: string
  let store: LogStore
  let logs: InstanceLogs
  let running: Set<string>
  let failures: unknown[]
  const log = { error: (details: object) => failures.push(details) }
  const open = () => {
    store = new LogStore({ directory: join(directory, 'apps'), log })
    const parse = (file: string) => {
      const [, dyno, instance] = /^(.+)~(.+)\.log$/.exec(file) ?? []
      return dyno && instance ? { dyno, instance } : null
    }
    const exists = (id: string) => running.has(id)
    logs = new InstanceLogs({
      raw: { directory: raw, parse, exists },
      store,
      log,
      mostBehindBytes: 2_000_000,
    })
  }
  const close = async () => {
    await logs.close()
    await store.close()
  }
  beforeEach(() => {
    failures = []
    running = new Set(['one', 'two'])
    directory = mkdtempSync(join(tmpdir(), 'tasuki-output-'))
    raw = join(directory, 'raw')
    mkdirSync(join(raw, 'a'), { recursive: true })
    open()
  })
  afterEach(async () => {
    await close()
    rmSync(directory, { recursive: true, force: true })
    assert.deepEqual(failures, [])
  })
  const write = (text: string | Buffer, instance = 'one', dyno = 'web.1', app = 'a') => {
    mkdirSync(join(raw, app), { recursive: true })
    appendFileSync(join(raw, app, `${dyno}~${instance}.log`), text)
  }
  const lastLines = async (app = 'a') => {
    await logs.catchUp(app)
    return (await store.last(app, 100_000)).lines.map(({ line }) => line)
  }
  const last = async (app = 'a') => (await lastLines(app)).map((line) => line.replace(/^\S+ /, ''))

  it('is in the log with its dyno, of instances that were there before and of new ones', async () => {
    write('early\n')
    logs.start()
    write('late\n', 'two', 'worker.1')
    assert.deepEqual((await last()).sort(), ['app[web.1]: early', 'app[worker.1]: late'])
  })

  it('reaches followers by itself, again after a quiet time, also from an app that is new', async () => {
    logs.start()
    for (const app of ['a', 'b', 'a']) {
      const { next } = await store.last(app, 0)
      const coming = store.from(app, next, {}, new AbortController().signal)
      await nothingToRead(logs)
      write('hello\n', 'one', 'web.1', app)
      assert.match((await coming.next()).value!.line, /app\[web\.1\]: hello$/)
      await coming.return(undefined)
    }
  })

  it('is read once, also by the next control plane, and what came in between is read then', async () => {
    write('one\n')
    assert.deepEqual(await last(), ['app[web.1]: one'])
    await close()
    write('two\n')
    open()
    assert.deepEqual(await last(), ['app[web.1]: one', 'app[web.1]: two'])
  })

  it('waits for the end of a line while the instance is there, and then no longer', async () => {
    write('beginning')
    assert.deepEqual(await last(), [])
    write(' and end\nrest')
    assert.deepEqual(await last(), ['app[web.1]: beginning and end'])
    running.delete('one')
    assert.deepEqual((await last()).at(-1), 'app[web.1]: rest')
    assert.deepEqual(readdirSync(join(raw, 'a')), [])
  })

  it('begins anew where somebody has emptied the file', async () => {
    write('first, long line\n')
    await last()
    truncateSync(join(raw, 'a', 'web.1~one.log'), 0)
    await logs.catchUp('a')
    write('second\n')
    assert.deepEqual((await last()).at(-1), 'app[web.1]: second')
  })

  it('gives its space on the disk back once read, and loses no line by that', async () => {
    const path = join(raw, 'a', 'web.1~one.log')
    const line = 'x'.repeat(999)
    for (let round = 0; round < 4; round += 1) {
      write(`${`${line}\n`.repeat(1500)}round ${round}\n`)
      await last()
    }
    const { size, blocks } = statSync(path)
    assert.equal(size, 4 * (1500 * 1000 + 8))
    assert.ok(blocks * 512 < 2_000_000, `${blocks * 512} bytes are still taken`)
    await close()
    rmSync(join(raw, 'a', 'web.1~one.log.read'))
    open()
    write('after\n')
    const lines = await last()
    assert.equal(lines.filter((text) => text.includes('round')).length >= 4, true)
    assert.equal(lines.at(-1), 'app[web.1]: after')
    assert.ok(!lines.some((text) => text.includes('\0')))
  })

  it('says what it has passed over when an instance writes too much to be read', async () => {
    write(`${'x'.repeat(999)}\n`.repeat(3000))
    write('end\n')
    const lines = await lastLines()
    assert.match(
      lines[0]!,
      /tasuki\[logs\]: Error L12 \(local buffer overflow\): 1000004 bytes of web\.1 dropped since \S+\.$/,
    )
    assert.equal(lines.length, 2002)
    assert.equal((await last()).at(-1), 'app[web.1]: end')
  })

  it('goes with its app', async () => {
    write('bye\n')
    running.clear()
    await logs.catchUp('a')
    await store.remove('a')
    assert.equal(existsSync(join(directory, 'apps', 'a')), false)
    writeFileSync(join(raw, 'a', 'something-else'), '')
    assert.deepEqual(await last(), [])
  })
})

/** Until the reader has gone to rest: what comes then has to wake it. */
async function nothingToRead(logs: InstanceLogs): Promise<void> {
  while (!logs.isResting) await new Promise((resolve) => setTimeout(resolve, 10))
}
