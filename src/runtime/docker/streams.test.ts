import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { heldLimits } from '../../../test/harness/held-limits.ts'
import { until } from '../../../test/harness/until.ts'
import { attach } from './attached-run.ts'
import { LIMITS } from './calls.ts'
import { Containers } from './containers.ts'
import { openEvents } from './event-stream.ts'
import { Output } from './output.ts'
import { runHook } from './pre-stop.ts'
import type { Seen } from './seen.ts'
import { begin, type EngineCall, type ScriptedEngine, say, scriptedEngine } from './testing-engine.ts'

const QUIET = { info: nothing, warn: nothing, error: nothing }
const SEEN: Seen = {
  ...{ id: 'i1', kind: 'formation', appId: 'app-a', type: 'web', name: 'web.1', release: 1, generation: 1 },
  ...{ size: 'Eco', ports: null, container: 'c1', state: 'running', createdAt: 0, startedAt: 0, pid: 1 },
  ...{ exit: null, witnessed: false, foundAt: 0, stopSignal: 'SIGTERM', entrypoint: [], comesBack: true },
  ...{ attached: false },
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'tasuki-streams-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

function containersOn(t: TestContext, { host }: ScriptedEngine): Containers {
  const parts = { host, server: 's', log: QUIET, changed: nothing, gone: nothing, connected: nothing }
  const containers = new Containers(parts)
  t.after(() => containers.close())
  return containers
}

async function isGivenUp(call: EngineCall): Promise<void> {
  await until(`${call.what} to be given up`, () => call.isOver(), 5_000)
}

describe('a stream that Docker does not open in time', () => {
  it('of input and output is not waited for any more', async (t) => {
    const engine = await scriptedEngine(t)
    const pass = heldLimits(t, LIMITS.change)
    const attached = assert.rejects(attach(engine.host, 'c1'), { code: 'host_unreachable' })
    const call = await engine.nth('POST /containers/c1/attach', 1)
    pass()
    await attached
    await isGivenUp(call)
  })

  it('of events is not waited for any more', async (t) => {
    const engine = await scriptedEngine(t)
    const pass = heldLimits(t, LIMITS.look)
    const closing = new AbortController()
    const opened = assert.rejects(openEvents(engine.host, 's', closing.signal), { code: 'host_unreachable' })
    const call = await engine.nth('GET /events', 1)
    pass()
    await opened
    await isGivenUp(call)
  })

  it('of output is not waited for any more', async (t) => {
    const engine = await scriptedEngine(t)
    const pass = heldLimits(t, LIMITS.look)
    const { promise: ended, resolve } = Promise.withResolvers<string>()
    const output = new Output({ host: engine.host, data: folder(t), log: QUIET, ended: resolve })
    t.after(() => output.close())
    output.follow(SEEN)
    const call = await engine.nth('GET /containers/c1/logs', 1)
    pass()
    assert.equal(await ended, 'i1')
    await isGivenUp(call)
  })

  it('of a pre-stop command is not waited for any more', async (t) => {
    const engine = await scriptedEngine(t, { 'POST /containers/c1/exec': say({ Id: 'e1' }, 201) })
    const pass = heldLimits(t, LIMITS.look)
    const run = runHook(engine.host, SEEN, 'true', 60_000, join(folder(t), 'log'))
    const refused = assert.rejects(run, { code: 'host_unreachable' })
    const call = await engine.nth('POST /exec/e1/start', 1)
    pass()
    await refused
    await isGivenUp(call)
  })
})

describe('the events of a host', () => {
  it('are not kept open when the look that belongs to them fails', async (t) => {
    const engine = await scriptedEngine(t, {
      'GET /events': begin,
      'GET /info': say({ message: 'it is busy' }, 500),
    })
    containersOn(t, engine).open()
    await engine.nth('GET /events', 2)
    await isGivenUp(engine.of('GET /events')[0]!)
  })

  it('are asked for again when they broke off while all was looked at', async (t) => {
    const engine = await scriptedEngine(t, {
      'GET /events': begin,
      'GET /containers/json': say([]),
    })
    containersOn(t, engine).open()
    const info = await engine.nth('GET /info', 1)
    engine.of('GET /events')[0]!.request.socket.destroy()
    say({ SystemTime: new Date().toISOString(), DockerRootDir: '/' })(info)
    await engine.nth('GET /events', 2)
  })

  it('are told whole, also those that came while all was looked at', async (t) => {
    const engine = await scriptedEngine(t)
    const closing = new AbortController()
    t.after(() => closing.abort())
    const opening = openEvents(engine.host, 's', closing.signal)
    const call = await engine.nth('GET /events', 1)
    begin(call)
    const events = await opening
    const text = ['die', 'destroy'].map((Action) =>
      JSON.stringify({ Action, Actor: { ID: 'c1', Attributes: { exitCode: '3', é: 'ü' } }, timeNano: 5e9 }),
    )
    const bytes = Buffer.from(`${text.join('\n')}\n`)
    // In the middle of a letter.
    const cut = bytes.indexOf('ü') + 1
    call.answer.write(bytes.subarray(0, cut))
    await new Promise((resolve) => setImmediate(resolve))
    call.answer.end(bytes.subarray(cut))
    const told = []
    for await (const event of events) told.push(event)
    assert.deepEqual(
      told.map(({ action, container, exitCode, at }) => [action, container, exitCode, at]),
      [
        ['die', 'c1', 3, 5000],
        ['destroy', 'c1', 3, 5000],
      ],
    )
  })
})

function nothing(): void {
  // Nobody has to be told here.
}
