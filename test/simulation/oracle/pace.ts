import { ROUTABLE_TYPE } from '../../../src/domain/release.ts'
import { pauseAfter } from '../../../src/rollout/crashes.ts'
import { keyOf } from '../world/router.ts'
import type { SimInstance } from '../world/runtime.ts'
import type { Bench } from './bench.ts'

/** After trouble a control plane has this long to come to itself, ms. */
const QUIET_MS = 3000

interface Window {
  readonly orders: number
  readonly from: number
  starts: number
}

/** What goes on dying is started again in growing pauses. Judged while nobody asks for anything and the world is well. */
export class PaceRule {
  readonly #bench: Bench
  readonly #windows = new Map<string, Window>()

  constructor(bench: Bench) {
    this.#bench = bench
  }

  started({ spec }: SimInstance): void {
    const { findings, troubleAt } = this.#bench
    const app = this.#bench.app(spec.appId)
    if (!app) return
    const key = `${keyOf(spec)} ${spec.generation}`
    const now = this.#bench.now()
    const window = this.#windows.get(key)
    if (!window || window.orders !== app.orders || now < troubleAt + QUIET_MS) {
      this.#windows.set(key, { orders: app.orders, from: now, starts: 1 })
      return
    }
    window.starts += 1
    const { web, worker } = app.quantity
    const most = mostStarts(spec.type === ROUTABLE_TYPE ? web : worker, now - window.from)
    if (window.starts > most)
      findings.add('loop', `${window.starts} starts of ${key} in ${now - window.from} ms, ${most} are enough`)
  }
}

/** All of them when a window begins, once more after each pause, and once for what was under way. */
function mostStarts(quantity: number, ms: number): number {
  let turns = 2
  for (let crashes = 1, at = 0; at <= ms; crashes += 1) {
    turns += 1
    at += pauseAfter(crashes + 1)
  }
  return turns * (quantity + 1)
}
