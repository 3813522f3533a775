import { RELEASE_TYPE } from '../domain/release.ts'
import type { JournalEntry, Rollout } from '../domain/rollout.ts'
import type { ServiceDeps } from './context.ts'

const MOST_LINES = 10_000
/** `TIME SOURCE[DYNO]: ` in front of each line of a log. */
const PREFIX = /^\S+ \S+\[[^\]]+\]: ?/

/** Steps after which it may be over. */
const TURNS = new Set<JournalEntry['kind']>(['pass-release-phase', 'turn-back', 'remove'])

/** What the release phase of a rollout says. */
export class ReleasePhaseOutput {
  readonly #deps: ServiceDeps

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  /** Line by line from its start, to the last that its instance wrote; nothing for a release without one. */
  async *ofRollout(rollout: Rollout, signal: AbortSignal): AsyncGenerator<string> {
    if (!(await this.#hasPhase(rollout))) return
    const over = new AbortController()
    const stop = this.#whenOver(rollout, over)
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
    const [{ logs }, { appId }, query] = [this.#deps, rollout, queryOf(rollout)]
    const past = await logs.last(appId, MOST_LINES, query)
    for (const { line } of past.lines) yield textOf(line)
    told.to = past.next - 1
    for await (const { number, line } of logs.from(appId, past.next, query, signal)) {
      told.to = number
      yield textOf(line)
    }
  }

  /** What was said in the moment of the end, however much it is. */
  async #rest(rollout: Rollout, told: { readonly to: number }): Promise<string[]> {
    const [{ logs }, { appId }] = [this.#deps, rollout]
    const { next } = await logs.last(appId, 0, {})
    const { lines } = await logs.last(appId, next - 1 - told.to, queryOf(rollout))
    return lines.filter(({ number }) => number > told.to).map(({ line }) => textOf(line))
  }

  async #hasPhase(rollout: Rollout): Promise<boolean> {
    const { releases, artifacts } = this.#deps.store.tables
    const release = await releases.byVersion(rollout.appId, rollout.target.release)
    if (rollout.kind === 'restart' || !release?.artifact) return false
    return (await artifacts.get(release.artifact)).processTypes[RELEASE_TYPE] !== undefined
  }

  /** Nothing more will be said: the phase has its result, and what it wrote last has been left to be read. */
  async #isOver(rollout: Rollout): Promise<boolean> {
    const now = await this.#deps.store.tables.rollouts.byId(rollout.id)
    if (!now || now.finishedAt !== null) return true
    const known = now.releasePhaseDone || now.direction === 'back' || now.outcome !== null
    return known && !(await this.#isThere(rollout))
  }

  /** Whether the instance of the phase is there: the end of a line that has no end is known only when it is gone. */
  async #isThere({ appId, generation }: Rollout): Promise<boolean> {
    const instances = await this.#deps.runtime.list(appId)
    return instances.some((one) => one.kind === 'release-phase' && one.generation === generation)
  }

  #whenOver(rollout: Rollout, over: AbortController): () => void {
    const { engine, log } = this.#deps
    const look = async () => {
      if (await this.#isOver(rollout)) over.abort()
    }
    const unlisten = engine.onEntry(({ appId, state, kind }) => {
      if (appId !== rollout.appId || state !== 'done' || !TURNS.has(kind)) return
      look().catch((error: unknown) =>
        log.warn({ rollout: rollout.id, error: String(error) }, 'A release phase could not be looked at'),
      )
    })
    const unfinish = engine.onFinished((id) => {
      if (id === rollout.id) over.abort()
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
