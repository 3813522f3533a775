/**
 * An app that sleeps has no instances, whatever its formation says; its first visitor waits in the router and has it woken
 * up. `waking`: its formation is wanted again, and nothing serves yet.
 */
export type SleepState = 'awake' | 'asleep' | 'waking'

/** When an app is put to sleep by itself. */
export interface SleepRule {
  /** Without a visitor for so long; null: only to keep its pool within its limits, or by hand. */
  readonly afterIdleMs: number | null
  /** Apps that share limits, by a name that whoever made the pool gave it; null: none. */
  readonly pool: string | null
}

/** How much of a pool may be awake at a time; null: no limit. */
export interface PoolLimits {
  readonly mostAwake: number | null
  /** Memory that all instances of the pool use together. */
  readonly mostBytes: number | null
}
