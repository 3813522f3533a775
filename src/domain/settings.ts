/** How a process type is handed over. Read from `app.json` (`tasuki` and `healthchecks`), else the defaults. */
export interface RolloutSettings {
  readonly strategy: Strategy
  /** Instances above the quantity while rolling. Default: as many as the quantity, at most 4. */
  readonly surge: number | 'default'
  /** How many of the quantity may be missing while rolling. Default 0. */
  readonly maxUnavailable: number
  /** Passed checks in a row before an instance is admitted. Default 3. */
  readonly rise: number
  /** Failed checks in a row before an admitted instance is taken out. Default 2. */
  readonly fall: number
  /** Seconds between two checks of an admitted instance. Default 2 (0.1 while starting). */
  readonly checkSeconds: number
  /** Seconds that one check may take. Default 2. */
  readonly checkTimeoutSeconds: number
  /** Path of the check; null means that a TCP connect counts. */
  readonly checkPath: string | null
  /** Seconds from start to the first time ready. Default 60. */
  readonly bootSeconds: number
  /** Seconds that requests in flight may take after a drain. Default 30. */
  readonly drainSeconds: number
  /** Seconds that streams may go on once everything else is done. Default 10. */
  readonly streamSeconds: number
  /** Seconds between SIGTERM and SIGKILL. Default 30. */
  readonly stopSeconds: number
  /** Seconds of watching after the switch. Default 10. */
  readonly bakeSeconds: number
  /** Percentage points of 5xx above the old release's that end the bake. Default 5; null is off. */
  readonly bakeMax5xxPercent: number | null
  /** Ratio of the new p95 to the old that ends the bake. Default off (null). */
  readonly bakeMaxP95Ratio: number | null
  /** Seconds that visitors wait in the router when there is no instance. Default 15. */
  readonly holdSeconds: number
  readonly preStop: PreStop | null
  /** Stop the old before the new is started (non-routable types only). Default false. */
  readonly singleton: boolean
  /** Hand every instance over once a day. Default false. */
  readonly dailyRestart: boolean
  /** Its files can not be written, save temporary ones, where it runs as a container. Default false. */
  readonly readOnly?: boolean
}

export type Strategy = 'rolling' | 'preboot'

/**
 * What is asked of an instance before SIGTERM: an HTTP request to its private port, or to the one where visitors reach it,
 * or a command in its environment.
 */
export type PreStop = { readonly path: string; readonly port?: 'public' } | { readonly command: string }

export const DEFAULT_SETTINGS: RolloutSettings = {
  strategy: 'rolling',
  surge: 'default',
  maxUnavailable: 0,
  rise: 3,
  fall: 2,
  checkSeconds: 2,
  checkTimeoutSeconds: 2,
  checkPath: null,
  bootSeconds: 60,
  drainSeconds: 30,
  streamSeconds: 10,
  stopSeconds: 30,
  bakeSeconds: 10,
  bakeMax5xxPercent: 5,
  bakeMaxP95Ratio: null,
  holdSeconds: 15,
  preStop: null,
  singleton: false,
  dailyRestart: false,
  readOnly: false,
}

const MOST_SURGE = 4

/** The number of instances that may exist above `quantity` during a rollout. */
export function surgeOf(settings: RolloutSettings, quantity: number): number {
  if (settings.strategy === 'preboot') return quantity
  if (settings.surge !== 'default') return settings.surge
  return Math.min(quantity, MOST_SURGE)
}

/** Slots that the router needs for a type, so that a rollout never has to grow them midway (invariant I4). */
export function slotsFor(settings: RolloutSettings, quantity: number): number {
  return 2 * (quantity + Math.max(1, surgeOf(settings, quantity)))
}
