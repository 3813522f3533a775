import { ROUTABLE_TYPE } from '../../../src/domain/release.ts'
import { keyOf } from '../world/router.ts'
import type { SimInstance } from '../world/runtime.ts'
import type { Bench } from './bench.ts'

/** After trouble a control plane has this long to come to itself, ms. */
const QUIET_MS = 3000

/** The longest pause after a crash, ms. */
const LONGEST_MS = 300_000

/** What is started within so long of each other is started together, ms. */
const TOGETHER_MS = 1500

/** Starts since a moment. */
interface Tally {
  readonly from: number
  count: number
  last: number
}

interface Window {
  readonly orders: number
  readonly starts: Tally
  /** Those without a rollout: whatever starts then has died before. Of those together only the first counts. */
  turns: Tally | null
}

/** What this rule sees besides. */
export interface PaceBench extends Bench {
  /** Calls take so long that a second or two say nothing. */
  readonly slow: boolean
}

/** What goes on dying is started again in growing pauses. Judged while nobody asks for anything and the world is well. */
export class PaceRule {
  readonly #bench: PaceBench
  readonly #windows = new Map<string, Window>()

  constructor(bench: PaceBench) {
    this.#bench = bench
  }

  started({ spec }: SimInstance): void {
    const { troubleAt, looks } = this.#bench
    const app = this.#bench.app(spec.appId)
    if (!app) return
    const key = `${keyOf(spec)} ${spec.generation}`
    const now = this.#bench.now()
    const known = this.#windows.get(key)
    const isCalm = known?.orders === app.orders && now >= troubleAt + QUIET_MS
    const window = isCalm ? known : { orders: app.orders, starts: tally(now), turns: null }
    this.#windows.set(key, window)
    window.starts.count += 1
    const { web, worker } = app.quantity
    const all = (spec.type === ROUTABLE_TYPE ? web : worker) + 1
    this.#judge(key, window.starts, (turns) => (turns + 2) * all)
    if (looks.wanted(app.id)?.rollout || this.#bench.slow) return
    const turns = window.turns ?? tally(now)
    window.turns = turns
    if (turns.count > 0 && now - turns.last < TOGETHER_MS) return
    Object.assign(turns, { count: turns.count + 1, last: now })
    this.#judge(key, turns, (most) => most + 1)
  }

  #judge(key: string, { from, count }: Tally, most: (turns: number) => number): void {
    const ms = this.#bench.now() - from
    const enough = most(turnsWithin(ms))
    if (count > enough)
      this.#bench.findings.add('loop', `${count} starts of ${key} in ${ms} ms, ${enough} are enough`)
  }
}

function tally(now: number): Tally {
  return { from: now, count: 0, last: now }
}

/** What is owed after so many crashes, ms: nothing after the first, then 1 s, 2 s, 4 s … In numbers of its own, not the engine's. */
export function owedPause(crashes: number): number {
  return crashes <= 1 ? 0 : Math.min(1000 * 2 ** (crashes - 2), LONGEST_MS)
}

/** How often something may be started that dies at once each time: at first, and when each pause is over. */
function turnsWithin(ms: number): number {
  let turns = 0
  for (let at = 0; at <= ms; at += owedPause(turns + 1)) turns += 1
  return turns
}
