import type { PoolLimits } from '../domain/sleep.ts'
import type { Sleeper } from '../store/sleepers.ts'

/** Nobody is put to sleep to make room who had a visitor so lately, ms: else busy apps would take turns at booting. */
const QUIET_MS = 3_000

/** An app that is to be put to sleep, and why, in words for its log. */
export interface Tired {
  readonly appId: string
  readonly why: string
}

/**
 * Who is to be put to sleep at that instant (UTC ms): whoever has been idle for as long as its rule says, and of a pool
 * that is above its limits those that have been idle the longest. `bytes`: memory in use, by app.
 */
export function tired(
  sleepers: readonly Sleeper[],
  pools: ReadonlyMap<string, PoolLimits>,
  bytes: ReadonlyMap<string, number>,
  now: number,
): Tired[] {
  const idle = sleepers.filter((one) => isIdle(one, now))
  const chosen = new Set(idle.map(({ appId }) => appId))
  const up = sleepers.filter(({ appId, state }) => state !== 'asleep' && !chosen.has(appId))
  const crowding = [...pools].flatMap(([pool, limits]) =>
    tooMany(
      up.filter((one) => one.pool === pool),
      limits,
      bytes,
      now,
    ),
  )
  return [...idle.map((one) => ({ appId: one.appId, why: idleText(one.afterIdleMs!) })), ...crowding]
}

function isIdle({ state, afterIdleMs, activeAt }: Sleeper, now: number): boolean {
  return state === 'awake' && afterIdleMs !== null && now - activeAt >= afterIdleMs
}

function tooMany(
  up: readonly Sleeper[],
  { mostAwake, mostBytes }: PoolLimits,
  bytes: ReadonlyMap<string, number>,
  now: number,
): Tired[] {
  const used = (appId: string) => bytes.get(appId) ?? 0
  let count = up.length
  let memory = up.reduce((sum, { appId }) => sum + used(appId), 0)
  const going: Tired[] = []
  for (const { appId } of quietOnes(up, now)) {
    const crowded = mostAwake !== null && count > mostAwake
    const heavy = mostBytes !== null && memory > mostBytes
    if (!crowded && !heavy) break
    going.push({ appId, why: crowded ? crowdText(mostAwake) : heavyText(mostBytes!) })
    count -= 1
    memory -= used(appId)
  }
  return going
}

function quietOnes(up: readonly Sleeper[], now: number): Sleeper[] {
  return up
    .filter(({ state, activeAt }) => state === 'awake' && now - activeAt >= QUIET_MS)
    .sort((a, b) => a.activeAt - b.activeAt)
}

function idleText(ms: number): string {
  const minutes = ms / 60_000
  const span = minutes < 1 ? `${Math.round(ms / 1000)} s` : `${Math.round(minutes)} min`
  return `no visitor for ${span}`
}

function crowdText(most: number): string {
  return `only ${most} of its pool may be awake, and it has been idle the longest`
}

function heavyText(most: number): string {
  return `its pool may use ${Math.round(most / 2 ** 20)} MiB of memory, and it has been idle the longest`
}
