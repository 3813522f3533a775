import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { TrafficReport } from '../../../domain/traffic.ts'
import { startApp } from './testing/app.ts'
import { request, Visitor } from './testing/client.ts'
import { startRouter } from './testing/router.ts'

/** Each is another instant of the closing at which the control plane is held up, ms after it was asked to close. */
const HOLD_UPS = [0, 2, 4, 6, 8, 12, 16, 24]
const HELD_UP_MS = 300

test('a control plane that is held up while it closes a receipt claims no more time than it has counted', async (t) => {
  const { port, plane } = await world(t)
  for (const after of HOLD_UPS) {
    const begun = Date.now()
    await plane.say(`open r${after}`)
    const answers = visits(port)
    await pause(50)
    const closing = plane.say(`close r${after}`)
    await pause(after)
    plane.child.kill('SIGSTOP')
    await pause(HELD_UP_MS)
    plane.child.kill('SIGCONT')
    const report = (await closing) as TrafficReport
    const times = await answers.stop()
    const until = begun + report.during.ms + report.after.ms
    const answered = times.filter((at) => at < until).length
    assert.deepEqual(report.gaps, [])
    assert.ok(
      report.during.requests >= answered,
      `held up after ${after} ms: ${report.during.requests} counted of ${answered}`,
    )
  }
})

interface Plane {
  readonly child: ChildProcess
  say(text: string): Promise<unknown>
}

async function world(t: TestContext): Promise<{ port: number; plane: Plane }> {
  const app = await startApp()
  const router = await startRouter(app.port)
  const home = await mkdtemp(join(tmpdir(), 'tasuki-freeze-'))
  const plane = await controlPlane(router.statsSocket, home, app.port)
  t.after(async () => {
    plane.child.kill('SIGKILL')
    await router.stop()
    await app.stop()
    await rm(home, { recursive: true, force: true })
  })
  return { port: router.port, plane }
}

async function controlPlane(statsSocket: string, home: string, appPort: number): Promise<Plane> {
  const script = new URL('./testing/process.ts', import.meta.url).pathname
  const args = ['--disable-warning=ExperimentalWarning', script, statsSocket, home, String(appPort)]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]()
  await answers.next()
  return {
    child,
    say: async (text) => {
      child.stdin.write(`${text}\n`)
      return JSON.parse((await answers.next()).value ?? 'null')
    },
  }
}

/** One visitor who asks again and again; in the end the times (UTC ms) at which the answers were there. */
function visits(port: number): { stop(): Promise<number[]> } {
  const times: number[] = []
  let on = true
  const visiting = (async () => {
    const visitor = await Visitor.connect(port)
    while (on) {
      await visitor.ask(request('/ok'))
      times.push(Date.now())
    }
    visitor.close()
  })()
  return {
    stop: async () => {
      on = false
      await visiting
      return times
    },
  }
}
