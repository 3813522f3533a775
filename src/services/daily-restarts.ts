import { createHash } from 'node:crypto'
import type { App } from '../store/apps.ts'
import type { Tables } from '../store/tables.ts'
import { artifactOf, servingOf } from '../store/wanted.ts'
import type { ServiceDeps } from './context.ts'
import { beginRestart } from './restarts.ts'

const DAY_MS = 24 * 60 * 60_000
/** Apps do not all restart in the same minute. */
const MOST_SPREAD_MS = 216 * 60_000
const USER = 'tasuki'

/** Hands every instance over once a day, where the app asks for it. Any rollout starts the day anew. */
export class DailyRestarts {
  readonly #deps: ServiceDeps

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  /** Begins what is due at that instant (UTC ms); returns how many. */
  async begin(now: number): Promise<number> {
    const { store, engine } = this.#deps
    let begun = 0
    for (const app of await store.tables.apps.all()) {
      if (!(await due(store.tables, app, now))) continue
      await store.transaction((tables) => beginRestart(tables, app.id, USER))
      engine.poke(app.id)
      begun += 1
    }
    return begun
  }
}

async function due(tables: Tables, app: App, now: number): Promise<boolean> {
  const serving = servingOf(app)
  const [last] = await tables.rollouts.list(app.id, 1)
  if (!serving || !last?.finishedAt || last.outcome === null) return false
  if (now - last.finishedAt < DAY_MS + spreadOf(app.id)) return false
  if ((await tables.sleepers.of(app.id))?.state === 'asleep') return false
  const { settings } = (await artifactOf(tables, app.id, serving)).manifest
  return Object.values(settings).some((type) => type.dailyRestart)
}

function spreadOf(appId: string): number {
  return (createHash('sha256').update(appId).digest().readUInt32BE() / 2 ** 32) * MOST_SPREAD_MS
}
