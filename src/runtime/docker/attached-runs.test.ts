import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { heldLimits } from '../../../test/harness/held-limits.ts'
import { until } from '../../../test/harness/until.ts'
import { specOf } from '../contract.ts'
import { LIMITS } from './calls.ts'
import { DockerRuntime } from './docker-runtime.ts'
import { begin, type ScriptedEngine, say, scriptedEngine } from './testing-engine.ts'

const SPEC = specOf('sha256:tests', 'cat', { kind: 'one-off', type: 'run', name: 'run.1' })
const ATTACH = `POST /containers/${SPEC.id}/attach`
const START = `POST /containers/${SPEC.id}/start`

/** A runtime on an engine that makes containers, and starts none. */
async function runtimeOn(t: TestContext): Promise<{ runtime: DockerRuntime; engine: ScriptedEngine }> {
  const engine = await scriptedEngine(t, {
    'GET /events': begin,
    'GET /info': say({ SystemTime: new Date().toISOString(), DockerRootDir: '/' }),
    'GET /containers/json': say([]),
    'GET /images/lab/node/json': say({ Id: 'sha256:1', Config: {} }),
    'POST /containers/create': say({ Id: 'c1' }, 201),
    [ATTACH]: ({ request }) =>
      request.socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n'),
  })
  const data = mkdtempSync(join(tmpdir(), 'tasuki-attached-'))
  const log = { info: nothing, warn: nothing, error: nothing }
  const image = async () => 'lab/node'
  const runtime = DockerRuntime.open({ host: engine.host, data, server: 's', image, log })
  t.after(() => {
    runtime.close()
    rmSync(data, { recursive: true, force: true })
  })
  return { runtime, engine }
}

describe('a one-off that somebody is attached to', () => {
  it('leaves no stream behind when it is not known whether it was started', async (t) => {
    const { runtime, engine } = await runtimeOn(t)
    const pass = heldLimits(t, LIMITS.start)
    const run = runtime.runAttached(SPEC, { tty: false, columns: 80, lines: 24 })
    const refused = assert.rejects(run, { code: 'host_unreachable' })
    await engine.nth(START, 1)
    const [stream] = engine.of(ATTACH)
    assert.equal(stream?.isOver(), false)
    pass()
    await refused
    await until('its stream to be closed', () => stream?.isOver(), 5_000)
  })
})

function nothing(): void {
  // Nobody has to be told here.
}
