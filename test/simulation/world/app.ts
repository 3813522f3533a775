import type { Rollout, SetRef } from '../../../src/domain/rollout.ts'
import type { RolloutSettings, Strategy } from '../../../src/domain/settings.ts'
import type { Behaviour } from './behaviour.ts'

/** A release of a simulated app: what the ledger says of it, and how its instances behave. */
export interface SimRelease {
  readonly version: number
  readonly artifact: string
  readonly settings: RolloutSettings
  readonly workerSettings: RolloutSettings
  readonly hasWorker: boolean
  readonly hasReleasePhase: boolean
  behaviour: Behaviour
  status: 'pending' | 'succeeded' | 'failed' | 'expired'
}

/** An app as the database knows it. */
export interface SimApp {
  readonly id: string
  generation: number
  serving: SetRef | null
  readonly quantity: { web: number; worker: number }
  preboot: boolean
  /** The largest quantity of web since it was last at rest. */
  peak: number
  /** How often somebody has asked for something. */
  orders: number
  destroyed: boolean
  readonly releases: SimRelease[]
  readonly rollouts: Rollout[]
  readonly condemned: Set<string>
}

export function newApp(id: string): SimApp {
  return {
    id,
    generation: 0,
    serving: null,
    quantity: { web: 1, worker: 0 },
    preboot: false,
    peak: 1,
    orders: 0,
    destroyed: false,
    releases: [],
    rollouts: [],
    condemned: new Set(),
  }
}

export function releaseOf(app: SimApp, version: number): SimRelease | null {
  return app.releases[version - 1] ?? null
}

export function runningRollout(app: SimApp): Rollout | null {
  return app.rollouts.findLast((one) => one.outcome === null) ?? null
}

/** A rollout of it has no outcome yet, or no receipt. */
export function isUnderWay(app: SimApp): boolean {
  return app.rollouts.findLast((one) => one.finishedAt === null) !== undefined
}

/** The strategy of a rollout that begins now: the feature goes before what travels with the release. */
export function strategyOf(app: SimApp, release: SimRelease): Strategy {
  return app.preboot ? 'preboot' : release.settings.strategy
}
