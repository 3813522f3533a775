import { RELEASE_TYPE } from '../domain/release.ts'
import type { JournalEntry, Rollout } from '../domain/rollout.ts'
import { Channel } from './channel.ts'
import type { ServiceDeps } from './context.ts'

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
    const lines = new Channel<string>(AbortSignal.any([signal, over.signal]))
    const stop = this.#until(rollout, () => lines.end())
    const query = { dyno: `${RELEASE_TYPE}.${rollout.target.release}` }
    const unfollow = this.#deps.logs.follow(rollout.appId, query, (line) => lines.push(line))
    const told = new Set<string>()
    try {
      yield* this.#untold(rollout, told)
      if (await this.#isOver(rollout)) lines.end()
      for await (const line of lines) if (fresh(line, told)) yield textOf(line)
      if (!signal.aborted) yield* this.#untold(rollout, told)
    } finally {
      over.abort()
      stop()
      unfollow()
    }
  }

  async *#untold(rollout: Rollout, told: Set<string>): AsyncGenerator<string> {
    const query = { dyno: `${RELEASE_TYPE}.${rollout.target.release}` }
    for (const line of await this.#deps.logs.last(rollout.appId, MOST_LINES, query))
      if (fresh(line, told)) yield textOf(line)
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

  #until(rollout: Rollout, over: () => void): () => void {
    const { engine } = this.#deps
    const stops = [
      engine.onEntry((entry) => {
        if (entry.rollout === rollout.id && entry.state === 'done' && OVER.has(entry.kind)) over()
      }),
      engine.onFinished((id) => id === rollout.id && over()),
    ]
    return () => stops.forEach((stop) => void stop())
  }
}

function fresh(line: string, told: Set<string>): boolean {
  if (told.has(line)) return false
  told.add(line)
  return true
}

function textOf(line: string): string {
  return `${line.replace(PREFIX, '')}\n`
}
