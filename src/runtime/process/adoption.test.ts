import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isExited, specOf, waitFor, waitForTail } from '../contract.ts'
import { bootId, isAlive, processStat } from './proc.ts'
import { type Bench, makeBench } from './testing.ts'

const SERVE = `trap 'echo bye; exit 4' TERM; echo serving; while :; do sleep 0.02; done`

describe('after the death of the control plane', () => {
  let data: string
  let bench: Bench | null
  beforeEach(() => {
    data = mkdtempSync(join(tmpdir(), 'tasuki-adoption-'))
    bench = null
  })
  afterEach(async () => {
    bench ??= await makeBench({ data })
    await bench.close()
  })

  it('instances run on and are the same ones, with their ports, for the next', async () => {
    await killedAfterStarting(data, SERVE, SERVE)
    bench = await makeBench({ data })
    for (const id of ['web-1-adopted', 'web-2-adopted']) await waitForTail(bench.runtime, id, 'serving')
    const before = await bench.runtime.list()
    assert.deepEqual(
      before.map(({ state }) => state),
      ['running', 'running'],
    )
    const spec = specOf('sha256:one', 'true', { id: 'web-1-adopted' })
    await bench.runtime.start(spec)
    assert.deepEqual(await bench.runtime.list(), before)
  })

  it('their output, exit status and SIGTERM work as before', async () => {
    await killedAfterStarting(data, SERVE)
    bench = await makeBench({ data })
    const id = 'web-1-adopted'
    await waitForTail(bench.runtime, id, 'serving')
    await bench.runtime.signal(id, 'SIGTERM')
    assert.equal((await waitFor(bench.runtime, id, isExited)).exit?.code, 4)
    assert.deepEqual(await bench.runtime.tail(id, 1), ['bye'])
  })

  it('an exit without any control plane is known to the next, with its time', async () => {
    await killedAfterStarting(data, `while [ ! -e "$HOME/go" ]; do sleep 0.02; done; exit 5`)
    const status = join(data, 'status', 'web-1-adopted')
    writeFileSync(join(data, 'instances', 'web-1-adopted', 'home', 'go'), '')
    while (!readFileSync(status, 'utf8').includes('exit '))
      await new Promise((resolve) => setTimeout(resolve, 10))
    bench = await makeBench({ data })
    const [instance] = await bench.runtime.list()
    assert.equal(instance?.exit?.code, 5)
    assert.ok(Math.abs(Date.now() - instance.exit.at) < 10_000)
  })

  it('a hook runs in the environment that the instance was started with', async () => {
    await killedAfterStarting(data, SERVE)
    bench = await makeBench({ data })
    const hook = { command: 'echo "$COLOUR $DYNO $PORT"; [ "$COLOUR" = green ]' }
    await bench.runtime.preStop('web-1-adopted', hook, 5000)
    const [instance] = await bench.runtime.list()
    assert.ok(
      (await bench.runtime.tail('web-1-adopted', 9)).includes(`green web.1 ${instance?.address?.port}`),
    )
  })

  it('a start that was cut short before its process is begun again, a half-written one is cleared away', async () => {
    mkdirSync(join(data, 'instances', 'web-1-half', 'home'), { recursive: true })
    bench = await makeBench({ data })
    assert.deepEqual(await bench.runtime.list(), [])
    const spec = specOf('sha256:one', SERVE, { id: 'web-1-intent' })
    await bench.runtime.start(spec)
    await bench.runtime.signal(spec.id, 'SIGKILL')
    await waitFor(bench.runtime, spec.id, isExited)
    rmSync(join(data, 'status', spec.id))
    rmSync(join(data, 'instances', spec.id, 'claimed'))
    await bench.runtime.start(spec)
    assert.equal((await waitFor(bench.runtime, spec.id, ({ pid }) => pid !== null)).state, 'running')
  })

  it('two control planes that start the same instance at once start it once', async () => {
    bench = await makeBench({ data })
    const other = await makeBench({ data })
    const spec = specOf('sha256:one', 'echo ran; sleep 1000')
    await Promise.all([bench.runtime.start(spec), other.runtime.start(spec)])
    await waitForTail(bench.runtime, spec.id, 'ran')
    other.runtime.close()
    assert.deepEqual(await bench.runtime.tail(spec.id, 9), ['ran'])
  })
})

describe('a process that has the id of a dead instance', () => {
  const stranger = () => processStat(process.pid)!

  for (const [what, line] of [
    ['another start time', () => `supervisor ${stranger().pid} 1 ${bootId()}\nmain ${stranger().pid} 1\n`],
    [
      'another boot',
      () => `supervisor ${stranger().pid} ${stranger().start} 1-2-3\nmain ${stranger().pid} 1\n`,
    ],
  ] as const) {
    it(`and ${what} is neither taken for it nor signalled`, async () => {
      const bench = await makeBench()
      try {
        const spec = specOf('sha256:one', 'sleep 1000')
        await bench.runtime.start(spec)
        await bench.runtime.signal(spec.id, 'SIGKILL')
        await waitFor(bench.runtime, spec.id, isExited)
        writeFileSync(join(bench.data, 'status', spec.id), line().padEnd(512, '\n'))
        await bench.runtime.signal(spec.id, 'SIGKILL')
        const [instance] = await bench.runtime.list()
        assert.equal(instance?.state, 'exited')
        assert.ok(isAlive(stranger()))
      } finally {
        await bench.close()
      }
    })
  }
})

/** Starts instances from a control plane of its own and kills that with SIGKILL. */
async function killedAfterStarting(data: string, ...commands: string[]): Promise<void> {
  const script = fileURLToPath(new URL('./control-plane.testing.ts', import.meta.url))
  const child = fork(script, [data, ...commands], { stdio: 'inherit' })
  await once(child, 'message')
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
