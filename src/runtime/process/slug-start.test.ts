import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { isExited, specOf, waitFor } from '../contract.ts'
import { type Bench, makeBench } from './testing.ts'

const asRoot = process.getuid?.() === 0

describe('a slug that says how it is started', () => {
  let bench: Bench
  beforeEach(async () => {
    bench = await makeBench()
    mkdirSync(join(bench.artifact, '.tasuki'))
    const launcher = join(bench.artifact, '.tasuki/launch')
    writeFileSync(launcher, '#!/bin/sh\nexport FROM_LAUNCHER="in $PWD"\nexec "$@"\n')
    chmodSync(launcher, 0o755)
  })
  afterEach(() => bench.close())

  const note = (content: object) =>
    writeFileSync(join(bench.artifact, '.tasuki/slug.json'), JSON.stringify(content))
  const run = async (command: string, more: Parameters<typeof specOf>[2] = {}) => {
    const spec = specOf('sha256:one', command, more)
    await bench.runtime.start(spec)
    const { exit } = await waitFor(bench.runtime, spec.id, isExited)
    return { code: exit?.code, lines: await bench.runtime.tail(spec.id, 100) }
  }

  it('has its launcher prepare each command, of whatever kind', async () => {
    note({ launcher: '.tasuki/launch' })
    for (const kind of ['formation', 'release-phase', 'one-off'] as const) {
      const { lines } = await run('echo $FROM_LAUNCHER', { kind })
      assert.deepEqual(lines, [`in ${bench.artifact}`], kind)
    }
    const spec = specOf('sha256:one', 'echo attached $FROM_LAUNCHER', { kind: 'one-off' })
    const attached = await bench.runtime.runAttached(spec, { tty: false, columns: 80, lines: 24 })
    // Its end may be known before all that it wrote has been read.
    let text = ''
    for await (const bytes of attached.output) text += bytes as Buffer
    assert.equal(await attached.exited, 0)
    assert.equal(text, `attached in ${bench.artifact}\n`)
  })

  it('is at /app for its own processes, and for no others', { skip: !asRoot && 'needs root' }, async () => {
    writeFileSync(join(bench.artifact, 'page'), 'mine')
    note({ atAppPath: true, launcher: '.tasuki/launch' })
    const { lines, code } = await run('pwd; cat /app/page; echo; echo $FROM_LAUNCHER; id -u; touch /app/x')
    assert.deepEqual(lines.slice(0, 3), ['/app', 'mine', 'in /app'])
    assert.ok(Number(lines[3]) >= 20_000)
    assert.notEqual(code, 0)
    assert.equal(existsSync('/app/page'), false)
  })

  it('is signalled there as anywhere else', { skip: !asRoot && 'needs root' }, async () => {
    note({ atAppPath: true, launcher: '.tasuki/launch' })
    const spec = specOf('sha256:one', 'trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.05; done')
    await bench.runtime.start(spec)
    while (!(await bench.runtime.tail(spec.id, 5)).includes('up'))
      await new Promise((resolve) => setImmediate(resolve))
    await bench.runtime.signal(spec.id, 'SIGTERM')
    const { exit } = await waitFor(bench.runtime, spec.id, isExited)
    assert.equal(exit?.code, 0)
    assert.equal((await bench.runtime.tail(spec.id, 1))[0], 'bye')
  })

  it('is started as ever without a note', async () => {
    assert.deepEqual((await run('echo "<$FROM_LAUNCHER>"')).lines, ['<>'])
  })
})
