import { randomUUID } from 'node:crypto'
import { TasukiError } from '../domain/errors.ts'
import { RELEASE_TYPE } from '../domain/release.ts'
import type { JournalEntry, Receipt, Rollout, SetRef } from '../domain/rollout.ts'
import type { App } from '../store/apps.ts'
import type { StoredRelease } from '../store/releases.ts'
import type { Tables } from '../store/tables.ts'
import { servingOf, strategyFor } from '../store/wanted.ts'
import { announce } from './announce.ts'
import type { ServiceDeps } from './context.ts'

/**
 * Makes a rollout the one that is wanted, inside the caller's transaction: whatever runs is superseded, the generation
 * rises, so that nothing of the older one can happen any more. An app that sleeps wakes up, so that the release shows
 * what it is worth. Returns the rollout's id; poke the engine after the commit. The release must have an artifact.
 */
export async function beginRollout(
  tables: Tables,
  app: App,
  release: StoredRelease,
  kind: Rollout['kind'],
  at: number,
): Promise<string> {
  const artifact = await tables.artifacts.get(release.artifact!)
  const running = await tables.rollouts.running(app.id)
  if (running) await supersede(tables, running, release.version, at)
  await tables.sleepers.wake(app.id, at)
  await tables.sleepers.active(app.id, at)
  const id = randomUUID()
  await tables.rollouts.insert({
    id,
    appId: app.id,
    generation: await tables.apps.nextGeneration(app.id),
    kind,
    release: release.version,
    base: running ? lastWhole(running) : servingOf(app),
    strategy: await strategyFor(tables, app.id, artifact),
    releasePhaseDone:
      kind === 'restart' ||
      artifact.processTypes[RELEASE_TYPE] === undefined ||
      passed(running, release.version),
    startedAt: at,
  })
  return id
}

/** Ends a rollout in favour of a newer one; `next` is the release of that, null when there is none. */
export async function supersede(
  tables: Tables,
  running: Rollout,
  next: number | null,
  at: number,
): Promise<void> {
  await tables.rollouts.supersede(running.id)
  const { release } = running.target
  const status = tookOver(running) ? 'succeeded' : 'expired'
  if (status === 'succeeded' || release !== next)
    await tables.releases.settle(running.appId, release, status, at)
}

/** The set that served whole last. */
function lastWhole(running: Rollout): SetRef | null {
  return tookOver(running) ? running.target : running.base
}

/** The target has served whole. */
export function tookOver(rollout: Rollout): boolean {
  return rollout.switched && rollout.direction === 'forward'
}

/** The release phase runs once per release, also when a restart comes in between. */
function passed(running: Rollout | null, version: number): boolean {
  return running?.target.release === version && running.releasePhaseDone
}

/** Where a rollout stands: `release` phase, `rolling`, `bake` or `returning`; null when it has ended. */
export function phaseOf(rollout: Rollout): 'release' | 'rolling' | 'bake' | 'returning' | null {
  if (rollout.outcome !== null) return null
  if (rollout.direction === 'back') return 'returning'
  if (!rollout.releasePhaseDone) return 'release'
  return rollout.switched ? 'bake' : 'rolling'
}

/** Version of the release that serves visitors now; null when none does. */
export async function currentVersion(tables: Tables, appId: string): Promise<number | null> {
  const running = await tables.rollouts.running(appId)
  if (running && tookOver(running)) return running.target.release
  return (await tables.apps.byId(appId))?.servingRelease ?? null
}

/**
 * The release that the app is on its way to, or has: what a config change builds on, a restart restarts and a
 * rollback leaves. Null before the first artifact.
 */
export async function intendedRelease(tables: Tables, appId: string): Promise<StoredRelease | null> {
  const wanted = await intendedSet(tables, appId)
  if (wanted) return tables.releases.byVersion(appId, wanted.release)
  const past = await tables.releases.list(appId)
  return past.find((release) => release.artifact !== null) ?? null
}

async function intendedSet(tables: Tables, appId: string): Promise<SetRef | null> {
  const running = await tables.rollouts.running(appId)
  if (running) return running.direction === 'forward' ? running.target : running.base
  const app = await tables.apps.byId(appId)
  return app && servingOf(app)
}

const MOST_LISTED = 100

/** What people ask of rollouts. */
export class RolloutService {
  readonly #deps: ServiceDeps

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  get #tables(): Tables {
    return this.#deps.store.tables
  }

  /** Newest first. */
  list(app: App): Promise<Rollout[]> {
    return this.#tables.rollouts.list(app.id, MOST_LISTED)
  }

  /** Throws `not_found`. */
  async get(id: string): Promise<Rollout> {
    const found = await this.#tables.rollouts.byId(id)
    if (found) return found
    throw new TasukiError('not_found', `There is no rollout "${id.slice(0, 60)}".`, {
      next: '`tasuki rollouts` lists them.',
    })
  }

  /**
   * Has a rollout wait where it is: what serves is kept, what dies is replaced, and nothing goes further until `resume`, a
   * failure, or a newer deploy. Throws `conflict` when it does not go forward (any more).
   */
  pause(rollout: Rollout, user: string): Promise<Rollout> {
    return this.#setPaused(rollout, true, user)
  }

  /** Lets it go on. Throws `conflict`. */
  resume(rollout: Rollout, user: string): Promise<Rollout> {
    return this.#setPaused(rollout, false, user)
  }

  async #setPaused(rollout: Rollout, paused: boolean, user: string): Promise<Rollout> {
    if (!(await this.#tables.rollouts.pause(rollout.id, paused)))
      throw new TasukiError('conflict', 'The rollout has ended or goes back: it can not wait.', {
        next: '`tasuki rollouts` shows how it ended.',
      })
    const what = paused ? 'paused' : 'resumed'
    announce(this.#deps, rollout.appId, `Rollout to v${rollout.target.release} ${what} by ${user}`)
    this.#deps.engine.poke(rollout.appId)
    return this.get(rollout.id)
  }

  receipt(rollout: Rollout): Promise<Receipt | null> {
    return this.#tables.rollouts.receipt(rollout.id)
  }

  /** Receipt of the newest finished rollout, to that release or (null) of the app. Throws `not_found`. */
  async latestReceipt(app: App, version: number | null): Promise<Receipt> {
    const found = await this.#tables.rollouts.latestReceipt(app.id, version)
    if (found) return found
    const which = version === null ? app.name : `v${version} of ${app.name}`
    throw new TasukiError('not_found', `No rollout of ${which} has ended yet, so there is no receipt.`, {
      next: '`tasuki rollouts` shows which have.',
    })
  }

  /** Oldest first. */
  journal(rollout: Rollout): Promise<JournalEntry[]> {
    return this.#tables.journal.ofRollout(rollout.id)
  }
}
