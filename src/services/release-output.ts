import { RELEASE_TYPE } from '../domain/release.ts'
import type { JournalEntry, Rollout } from '../domain/rollout.ts'
import type { ServiceDeps } from './context.ts'
import { pastAndComing } from './log-lines.ts'

const MOST_LINES = 10_000
/** `TIME SOURCE[DYNO]: ` in front of each line of a log. */
const PREFIX = /^\S+ \S+\[[^\]]+\]: ?/

/** Steps after which the release phase has nothing more to say. */
const OVER = new Set<JournalEntry['kind']>(['pass-release-phase', 'turn-back', 'finish'])

/** What the release phase of a rollout says. */
export class ReleasePhaseOutput {
  readonly #deps: ServiceDeps

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  /** Line by line from its start, until the phase is over; nothing for a release without one. */
  async *ofRollout(rollout: Rollout, signal: AbortSignal): AsyncGenerator<string> {
    if (!(await this.#hasPhase(rollout))) return
    const over = new AbortController()
    const stop = this.#whenOver(rollout, () => over.abort())
    const told = { to: 0 }
    try {
      if (await this.#isOver(rollout)) over.abort()
      yield* this.#lines(rollout, told, AbortSignal.any([signal, over.signal]))
      if (!signal.aborted) yield* await this.#rest(rollout, told)
    } finally {
      stop()
    }
  }

  async *#lines(rollout: Rollout, told: { to: number }, signal: AbortSignal): AsyncGenerator<string> {
    const log = { logs: this.#deps.logs, appId: rollout.appId, query: queryOf(rollout), lines: MOST_LINES }
    for await (const { number, line } of pastAndComing(log, signal)) {
      told.to = number
      yield textOf(line)
    }
  }

  /** What was said in the moment of the end. */
  async #rest(rollout: Rollout, told: { readonly to: number }): Promise<string[]> {
    const { lines } = await this.#deps.logs.last(rollout.appId, MOST_LINES, queryOf(rollout))
    return lines.filter(({ number }) => number > told.to).map(({ line }) => textOf(line))
  }

  async #hasPhase(rollout: Rollout): Promise<boolean> {
    const { releases, artifacts } = this.#deps.store.tables
    const release = await releases.byVersion(rollout.appId, rollout.target.release)
    if (rollout.kind === 'restart' || !release?.artifact) return false
    return (await artifacts.get(release.artifact)).processTypes[RELEASE_TYPE] !== undefined
  }

  async #isOver(rollout: Rollout): Promise<boolean> {
    const now = await this.#deps.store.tables.rollouts.byId(rollout.id)
    return !now || now.releasePhaseDone || now.direction === 'back' || now.outcome !== null
  }

  #whenOver(rollout: Rollout, over: () => void): () => void {
    const { engine } = this.#deps
    const unlisten = engine.onEntry((entry) => {
      if (entry.rollout === rollout.id && entry.state === 'done' && OVER.has(entry.kind)) over()
    })
    const unfinish = engine.onFinished((id) => {
      if (id === rollout.id) over()
    })
    return () => {
      unlisten()
      unfinish()
    }
  }
}

function queryOf(rollout: Rollout) {
  return { source: 'app', dyno: `${RELEASE_TYPE}.${rollout.target.release}` }
}

function textOf(line: string): string {
  return `${line.replace(PREFIX, '')}\n`
}
