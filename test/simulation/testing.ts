import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_SETTINGS, type RolloutSettings } from '../../src/domain/settings.ts'
import { Coverage } from './core/coverage.ts'
import { inMacrotask } from './core/microtasks.ts'
import type { SimApp } from './world/app.ts'
import { type Behaviour, GOOD } from './world/behaviour.ts'
import { World, type WorldOptions } from './world/world.ts'

const QUICK: Partial<RolloutSettings> = { bakeSeconds: 2, bootSeconds: 5, drainSeconds: 3, stopSeconds: 2 }
const SETTLE_MS = 300_000

interface AppOptions {
  readonly quantity?: number
  readonly workers?: number
  readonly settings?: Partial<RolloutSettings>
}

/** A world with one app, its first release serving, and words for what is done to it. */
export class Stage {
  readonly world: World
  readonly app: SimApp
  readonly #settings: RolloutSettings
  readonly #hasWorker: boolean

  constructor(options: Partial<WorldOptions> & AppOptions) {
    this.world = new World({ seed: 1, ...options }, new Coverage())
    this.#settings = { ...DEFAULT_SETTINGS, ...QUICK, ...options.settings }
    this.#hasWorker = (options.workers ?? 0) > 0
    this.world.boot()
    this.app = this.world.create('app-1', 20)
    this.app.quantity.web = options.quantity ?? 2
    this.app.quantity.worker = options.workers ?? 0
    this.deploy()
    this.settles('the first deploy')
  }

  /** A new release on its way; `ill` is how its instances differ from good ones. */
  deploy(
    ill: Partial<Behaviour> = {},
    hasReleasePhase = false,
    settings: Partial<RolloutSettings> = {},
  ): void {
    const release = this.world.release(this.app, {
      settings: { ...this.#settings, ...settings },
      workerSettings: this.#settings,
      hasWorker: this.#hasWorker,
      hasReleasePhase,
      behaviour: { ...GOOD, ...ill },
    })
    this.world.begin(this.app, release)
  }

  pass(ms: number): void {
    this.world.clock.pass(ms)
  }

  until(what: string, holds: () => boolean, limit = SETTLE_MS): void {
    assert.ok(this.world.clock.runUntil(holds, limit), `${what}: ${this.world.describe()}`)
  }

  scale(web: number): void {
    this.app.quantity.web = web
    this.app.peak = Math.max(this.app.peak, web)
    this.world.poke(this.app.id)
  }

  /** Comes to rest with nothing broken. */
  settles(what: string): void {
    const settled = this.world.settle(SETTLE_MS)
    assert.deepEqual(this.world.findings.violations, [], `${what}: ${this.world.describe()}`)
    assert.ok(settled, `${what} does not settle: ${this.world.describe()}`)
    assert.equal(this.world.visitors.counts.lost, 0)
    this.world.books.agree(this.app.id)
  }

  get instances(): string[] {
    return this.world.runtime.of(this.app.id).map((one) => one.info.id)
  }

  get last(): SimApp['rollouts'][number] {
    return this.app.rollouts.at(-1)!
  }
}

/** A test that runs in simulated time. */
export function simulated(name: string, run: () => void): void {
  test(name, () => inMacrotask(run))
}
