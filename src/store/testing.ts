import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { TestContext } from 'node:test'
import { type Artifact, EMPTY_MANIFEST } from '../domain/artifact.ts'
import type { Receipt, Rollout, RolloutOutcome } from '../domain/rollout.ts'
import { NO_TRAFFIC } from '../domain/testing/traffic.ts'
import { migrate } from './migrations.ts'
import { DATABASE, openStore, type Store } from './open.ts'

const cleanups = new WeakMap<TestContext, (() => unknown)[]>()

/** Calls `clean` after the test; what was asked for last is cleaned first. */
export function afterTest(context: TestContext, clean: () => unknown): void {
  const stack = cleanups.get(context)
  if (stack) stack.push(clean)
  else {
    const fresh = [clean]
    cleanups.set(context, fresh)
    context.after(async () => {
      for (const one of fresh.reverse()) await one()
    })
  }
}

/** A directory of the test's own, removed after it. */
export function tempDir(context: TestContext, name = 'store'): string {
  const directory = mkdtempSync(join(tmpdir(), `tasuki-${name}-`))
  afterTest(context, () => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** A database in which nothing is yet. Made once, as to make it takes longer than most tests. */
let empty: Buffer | undefined

function emptyDatabase(): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'tasuki-empty-'))
  try {
    const file = join(directory, DATABASE)
    const database = new DatabaseSync(file)
    migrate(database)
    database.close()
    return readFileSync(file)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** A store on a real file, closed after the test. */
export async function tempStore(context: TestContext): Promise<Store> {
  const directory = tempDir(context)
  empty ??= emptyDatabase()
  writeFileSync(join(directory, DATABASE), empty)
  const store = await openStore(directory, 'example.test')
  afterTest(context, () => store.close())
  return store
}

/** An artifact as a builder would name it; `mark` makes it another one. */
export function artifactNamed(mark: string, more: Partial<Artifact> = {}): Artifact {
  return {
    digest: `sha256:${mark.repeat(64).slice(0, 64)}`,
    kind: 'slug',
    size: 1000,
    commit: `${mark}c0ffee`.repeat(6).slice(0, 40),
    processTypes: { web: 'node server.js', worker: 'node worker.js' },
    manifest: EMPTY_MANIFEST,
    builder: 'node',
    env: { NODE_ENV: 'production' },
    ...more,
  }
}

/** The receipt of a rollout that nobody visited. */
export function receiptOf(rollout: Rollout, outcome: RolloutOutcome): Receipt {
  return {
    rollout: rollout.id,
    app: 'demo',
    from: rollout.base?.release ?? null,
    to: rollout.target.release,
    outcome,
    reason: rollout.reason,
    startedAt: rollout.startedAt,
    finishedAt: rollout.startedAt + 1000,
    served: 0,
    lost: 0,
    traffic: NO_TRAFFIC,
    instances: [],
    overheadMs: 0,
  }
}
