import { setTimeout as pause } from 'node:timers/promises'
import { ROUTABLE_TYPE } from '../domain/release.ts'
import type { PoolLimits } from '../domain/sleep.ts'
import type { Sleeper } from '../store/sleepers.ts'
import type { Tables } from '../store/tables.ts'
import type { ServiceDeps } from './context.ts'
import { tired } from './sleep-choice.ts'
import { requireSleepable, wakeLimitMs } from './sleep-rules.ts'
import { Turns } from './turns.ts'

/** How often it is looked whether an app that wakes up serves, ms. */
const POLL_MS = 50
/** A visit is written down when what is written is older than this, ms: it is for the next control plane only. */
const WRITE_AFTER_MS = 30_000
/** Lines of the request log come late by so much at most, ms. */
const LATE_MS = 2000

/**
 * Puts apps to sleep and wakes them. What is wanted is in the store, where the engine reads it: an app that sleeps wants no
 * instances. The router is told before that, so that whoever comes in the moment of the drain waits and is heard; and it is
 * told of the end only when an instance serves again. All of it is taken up again by the next control plane.
 */
export class SleepKeeper {
  readonly #deps: ServiceDeps
  readonly #turns = new Turns()
  readonly #stopped = new AbortController()
  readonly #watched = new Map<string, Promise<void>>()
  /** When each app was last in use, where that is later than what is written. */
  readonly #active = new Map<string, number>()
  #lookedAt = 0
  #unlisten: (() => void) | null = null

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  /** Listens to visitors, and goes on with what was under way. */
  async start(): Promise<void> {
    this.#unlisten = this.#deps.doorstep.onVisitor((appId) => this.#visited(appId))
    // The last control plane may have seen a visitor that it had not written down yet.
    for (const { appId, activeAt } of await this.#deps.store.tables.sleepers.all())
      this.#active.set(appId, Math.min(this.#now(), activeAt + WRITE_AFTER_MS))
    await this.look()
  }

  async stop(): Promise<void> {
    this.#unlisten?.()
    this.#stopped.abort()
    await Promise.all(this.#watched.values())
    await this.#turns.quiet()
  }

  /** Puts the app to sleep. True when it does now. Throws `conflict`, `not_found`, `router_unavailable`. */
  lay(appId: string, why: string): Promise<boolean> {
    return this.#turns.take(appId, async () => {
      const { store, doorstep, engine } = this.#deps
      await requireSleepable(store.tables, appId)
      if ((await store.tables.sleepers.of(appId))?.state === 'asleep') return false
      await doorstep.waitFor(appId, await wakeLimitMs(store.tables, appId))
      try {
        await store.transaction(async (tables) => {
          await requireSleepable(tables, appId)
          await tables.sleepers.enter(appId, 'asleep', this.#now())
        })
      } catch (error) {
        await this.#tellRouter(appId)
        throw error
      }
      this.#say(appId, `Put to sleep: ${why}`)
      engine.poke(appId)
      return true
    })
  }

  /** Wakes the app up if it sleeps, and does not wait for it. True when it did sleep. */
  rouse(appId: string, why: string): Promise<boolean> {
    return this.#turns.take(appId, async () => {
      const { store, engine } = this.#deps
      if (!(await store.tables.sleepers.wake(appId, this.#now()))) return false
      this.#say(appId, `Waking up: ${why}`)
      engine.poke(appId)
      this.#watch(appId)
      return true
    })
  }

  /** Does what is due: called every second. */
  async look(): Promise<void> {
    const { tables } = this.#deps.store
    const sleepers = await this.#withVisits(await tables.sleepers.all())
    await this.#tellRouterOfAll(sleepers)
    for (const { appId, state } of sleepers) if (state === 'waking') this.#watch(appId)
    const pools = await tables.sleepers.pools()
    for (const { appId, why } of tired(sleepers, pools, await this.#memory(pools), this.#now()))
      await this.#layIfIdle(appId, why)
  }

  /** Bytes in use by app, where there is a limit of them. */
  async #memory(pools: ReadonlyMap<string, PoolLimits>): Promise<ReadonlyMap<string, number>> {
    const limited = [...pools.values()].some(({ mostBytes }) => mostBytes !== null)
    return limited ? this.#deps.usage.memoryByApp() : new Map()
  }

  #now(): number {
    return this.#deps.now?.() ?? Date.now()
  }

  #say(appId: string, message: string): void {
    this.#deps.logs.append(appId, { dyno: 'sleep', message })
  }

  #visited(appId: string): void {
    this.rouse(appId, 'a visitor has come').catch((error: unknown) =>
      this.#deps.log.error({ app: appId, error: String(error) }, 'An app could not be woken up'),
    )
  }

  /** The sleepers with the visits that are not written down yet. */
  async #withVisits(sleepers: readonly Sleeper[]): Promise<Sleeper[]> {
    if (sleepers.length === 0) return []
    const from = this.#lookedAt - LATE_MS
    this.#lookedAt = this.#now()
    for (const [appId, at] of await this.#deps.visits.since(from)) this.#active.set(appId, at)
    const known = new Set(sleepers.map(({ appId }) => appId))
    for (const appId of this.#active.keys()) if (!known.has(appId)) this.#active.delete(appId)
    return Promise.all(sleepers.map((one) => this.#withVisit(one)))
  }

  async #withVisit(sleeper: Sleeper): Promise<Sleeper> {
    const activeAt = Math.max(sleeper.activeAt, this.#active.get(sleeper.appId) ?? 0)
    if (activeAt - sleeper.activeAt > WRITE_AFTER_MS)
      await this.#deps.store.tables.sleepers.active(sleeper.appId, activeAt)
    return { ...sleeper, activeAt }
  }

  /** A rollout or somebody who is still being served counts as use. */
  async #layIfIdle(appId: string, why: string): Promise<void> {
    const { store, log } = this.#deps
    try {
      if ((await store.tables.rollouts.running(appId)) || (await this.#isBusy(appId)))
        await store.tables.sleepers.active(appId, this.#now())
      else await this.lay(appId, why)
    } catch (error) {
      log.warn({ app: appId, error: String(error) }, 'An app could not be put to sleep; again soon')
    }
  }

  async #isBusy(appId: string): Promise<boolean> {
    const view = await this.#deps.router.observe({ appId, type: ROUTABLE_TYPE })
    return (view?.servers ?? []).some(({ inFlight, streams }) => inFlight + streams > 0)
  }

  /** Each app whose visitors should wait or should not, and do otherwise: a control plane may have died in between. */
  async #tellRouterOfAll(sleepers: readonly Sleeper[]): Promise<void> {
    const waiting = new Set(this.#deps.doorstep.waiters())
    const should = new Set(sleepers.filter(({ state }) => state !== 'awake').map(({ appId }) => appId))
    const wrong = [...waiting, ...should].filter((appId) => waiting.has(appId) !== should.has(appId))
    for (const appId of new Set(wrong)) {
      try {
        await this.#turns.take(appId, () => this.#tellRouter(appId))
        if (!waiting.has(appId)) await this.#rouseUnknown(appId)
      } catch (error) {
        this.#deps.log.warn({ app: appId, error: String(error) }, 'The router could not be told; again soon')
      }
    }
  }

  /** A router that is new, as after a restore, has no place where a visitor of the app could wait: it is to make one. */
  async #rouseUnknown(appId: string): Promise<void> {
    const known = await this.#deps.router.observe({ appId, type: ROUTABLE_TYPE })
    if (known === null) await this.rouse(appId, 'the router does not know it yet')
  }

  async #tellRouter(appId: string): Promise<void> {
    const { store, doorstep } = this.#deps
    const state = (await store.tables.sleepers.of(appId))?.state ?? 'awake'
    await doorstep.waitFor(appId, state === 'awake' ? null : await wakeLimitMs(store.tables, appId))
  }

  #watch(appId: string): void {
    if (this.#watched.has(appId) || this.#stopped.signal.aborted) return
    const watch = this.#untilAwake(appId)
      .catch((error: unknown) => {
        if (this.#stopped.signal.aborted) return
        this.#deps.log.warn({ app: appId, error: String(error) }, 'An app that wakes up was lost sight of')
      })
      .finally(() => this.#watched.delete(appId))
    this.#watched.set(appId, watch)
  }

  async #untilAwake(appId: string): Promise<void> {
    const { tables } = this.#deps.store
    const limit = await wakeLimitMs(tables, appId)
    for (;;) {
      await pause(POLL_MS, undefined, { signal: this.#stopped.signal })
      const sleeper = await tables.sleepers.of(appId)
      if (sleeper?.state !== 'waking') return
      const waited = this.#now() - sleeper.since
      if (await this.#serves(appId)) return this.#awake(appId, `Awake again after ${seconds(waited)}`)
      // What does not come up is an app that is down, as any other; a rollout has limits of its own.
      if (waited > limit && !(await tables.rollouts.running(appId)))
        return this.#awake(appId, `Did not come up within ${seconds(limit)}; its visitors wait no longer`)
    }
  }

  async #serves(appId: string): Promise<boolean> {
    const view = await this.#deps.router.observe({ appId, type: ROUTABLE_TYPE })
    return (view?.servers ?? []).some(({ admin, health }) => admin === 'ready' && health === 'up')
  }

  #awake(appId: string, message: string): Promise<void> {
    return this.#turns.take(appId, async () => {
      const { store } = this.#deps
      const is = await store.transaction((tables) => waken(tables, appId, this.#now()))
      if (!is) return
      this.#say(appId, message)
      await this.#tellRouter(appId)
    })
  }
}

async function waken(tables: Tables, appId: string, at: number): Promise<boolean> {
  if ((await tables.sleepers.of(appId))?.state !== 'waking') return false
  await tables.sleepers.enter(appId, 'awake', at)
  await tables.sleepers.active(appId, at)
  return true
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
