import { DEFAULT_SETTINGS, type RolloutSettings } from '../settings.ts'

/**
 * The keys of `tasuki` in app.json: one table, from which the parser reads, the published schema is made, and
 * docs/app-json.md is checked.
 */
export interface SettingKey {
  readonly field: keyof RolloutSettings
  readonly value: SettingValue
  readonly doc: string
}

/** What may stand as the value of a key. `nullable`: null switches it off. */
export type SettingValue =
  | {
      readonly kind: 'number'
      readonly integer: boolean
      readonly min: number
      readonly max: number
      readonly nullable?: true
    }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  | { readonly kind: 'surge'; readonly max: number }
  | { readonly kind: 'pre_stop' }

const MOST_INSTANCES = 1000
const DAY = 86_400

export const SETTING_KEYS: Readonly<Record<string, SettingKey>> = {
  strategy: {
    field: 'strategy',
    value: { kind: 'choice', choices: ['rolling', 'preboot'] },
    doc: 'How instances are replaced: in batches, or the whole new set first.',
  },
  surge: {
    field: 'surge',
    value: { kind: 'surge', max: MOST_INSTANCES },
    doc: 'Instances above the quantity while rolling; "100%" is as many as the quantity, at most 4.',
  },
  max_unavailable: {
    field: 'maxUnavailable',
    value: { kind: 'number', integer: true, min: 0, max: MOST_INSTANCES },
    doc: 'How many of the quantity may be missing while rolling.',
  },
  rise: {
    field: 'rise',
    value: { kind: 'number', integer: true, min: 1, max: 100 },
    doc: 'Passed checks in a row before an instance is admitted.',
  },
  fall: {
    field: 'fall',
    value: { kind: 'number', integer: true, min: 1, max: 100 },
    doc: 'Failed checks in a row before an admitted instance is taken out.',
  },
  check_seconds: {
    field: 'checkSeconds',
    value: { kind: 'number', integer: false, min: 0.1, max: 300 },
    doc: 'Seconds between two checks of an admitted instance (0.1 at most while starting).',
  },
  boot_seconds: {
    field: 'bootSeconds',
    value: { kind: 'number', integer: false, min: 0.1, max: 3600 },
    doc: 'Seconds from start to the first time ready.',
  },
  drain_seconds: {
    field: 'drainSeconds',
    value: { kind: 'number', integer: false, min: 0, max: DAY },
    doc: 'Seconds that requests in flight may take after a drain.',
  },
  stream_seconds: {
    field: 'streamSeconds',
    value: { kind: 'number', integer: false, min: 0, max: DAY },
    doc: 'Seconds that streams may go on once everything else is done.',
  },
  stop_seconds: {
    field: 'stopSeconds',
    value: { kind: 'number', integer: false, min: 0, max: 3600 },
    doc: 'Seconds between SIGTERM and SIGKILL.',
  },
  bake_seconds: {
    field: 'bakeSeconds',
    value: { kind: 'number', integer: false, min: 0, max: DAY },
    doc: 'Seconds of watching after the switch.',
  },
  bake_max_5xx_percent: {
    field: 'bakeMax5xxPercent',
    value: { kind: 'number', integer: false, min: 0, max: 100, nullable: true },
    doc: "Percentage points of 5xx above the old release's that end the bake; null is off.",
  },
  bake_max_p95_ratio: {
    field: 'bakeMaxP95Ratio',
    value: { kind: 'number', integer: false, min: 1, max: 1000, nullable: true },
    doc: 'Ratio of the new p95 to the old that ends the bake; null is off.',
  },
  hold_seconds: {
    field: 'holdSeconds',
    value: { kind: 'number', integer: false, min: 0, max: 300 },
    doc: 'Seconds that visitors wait in the router when there is no instance.',
  },
  pre_stop: {
    field: 'preStop',
    value: { kind: 'pre_stop' },
    doc: 'Asked of an instance before SIGTERM: {"path": "/shutdown"} (with {"port": "public"} where visitors come in), or {"command": "…"}.',
  },
  singleton: {
    field: 'singleton',
    value: { kind: 'boolean' },
    doc: 'Stop the old instance before the new one is started (not for web).',
  },
  daily_restart: {
    field: 'dailyRestart',
    value: { kind: 'boolean' },
    doc: 'Hand every instance over once a day.',
  },
  read_only: {
    field: 'readOnly',
    value: { kind: 'boolean' },
    doc: 'As a container: no file can be written, save in /tmp and /run (64 MiB each, in memory).',
  },
}

/** The default as it would be written in app.json. */
export function defaultOf(key: SettingKey): unknown {
  return key.value.kind === 'surge' ? '100%' : DEFAULT_SETTINGS[key.field]
}
