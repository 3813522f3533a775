import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { routerProcesses, TestApp, type TestServer } from '../harness/index.ts'
import type { LoadOptions } from '../load/index.ts'
import { Subject } from './subject.ts'
import { losesNothing } from './under-load.ts'

/** What a reload could cut: long uploads and open streams, beside plain requests. */
const LONG: Omit<LoadOptions, 'url' | 'host'> = {
  rates: { get: 150, post: 50, fresh: 20, slow: 2, upload: 3 },
  uploadMs: 4_000,
  slowMs: 3_000,
  streams: { websocket: 10, events: 5 },
}

/**
 * Makes the router reload that often, each time because another app is deployed with checks of another kind, and fails
 * unless the app under load loses nothing.
 */
export async function reloadUnder(t: TestContext, server: TestServer, reloads: number): Promise<void> {
  const subject = await Subject.create(server, { name: 'undisturbed' })
  const other = await TestApp.create(server, { name: 'disturbing' })
  const seen = new Set(routerProcesses(server.directory))
  const before = seen.size
  await losesNothing(t, subject, LONG, async () => {
    for (let count = 0; count < reloads; count += 1) {
      const source = await subject.source({}, { check_seconds: 1 + count / 1000, bake_seconds: 0 })
      await other.mustDeploy(source)
      for (const pid of routerProcesses(server.directory)) seen.add(pid)
    }
  })
  t.diagnostic(`${seen.size - before} reloads`)
  assert.ok(seen.size - before >= reloads, 'each deploy of the other app was to make the router reload')
  await other.destroy()
}
