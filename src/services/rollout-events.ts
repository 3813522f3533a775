import type { JournalEntry, Rollout } from '../domain/rollout.ts'
import { Channel } from './channel.ts'
import type { ServiceDeps } from './context.ts'
import type { ReleasePhaseOutput } from './release-output.ts'

/** What one sees of a rollout who watches it. */
export type RolloutEvent =
  | { readonly event: 'journal'; readonly entry: JournalEntry }
  | { readonly event: 'output'; readonly text: string }
  | { readonly event: 'end'; readonly rollout: Rollout }

type News = { readonly entry: JournalEntry } | { readonly text: string } | 'finished' | 'all said'

/** The life of a rollout, told from its start however late one comes. */
export class RolloutEvents {
  readonly #deps: ServiceDeps
  readonly #outputs: ReleasePhaseOutput

  constructor(deps: ServiceDeps, outputs: ReleasePhaseOutput) {
    this.#deps = deps
    this.#outputs = outputs
  }

  /**
   * Every entry in each state it takes, all output of the release phase, and then `end`, with the receipt stored. It
   * waits for that output: what a release phase says in its last moment is read when the rollout may have ended already.
   */
  async *follow(rollout: Rollout, signal: AbortSignal): AsyncGenerator<RolloutEvent> {
    const ended = new AbortController()
    const news = new Channel<News>(AbortSignal.any([signal, ended.signal]))
    const stops = this.#listen(rollout, news)
    try {
      const said = this.#pipeOutput(rollout, news, AbortSignal.any([signal, ended.signal]))
      yield* this.#told(rollout, news, said)
    } finally {
      ended.abort()
      for (const stop of stops) stop()
    }
  }

  #listen(rollout: Rollout, news: Channel<News>): (() => void)[] {
    const { engine } = this.#deps
    return [
      engine.onEntry((entry) => entry.rollout === rollout.id && news.push({ entry })),
      engine.onFinished((id) => id === rollout.id && news.push('finished')),
    ]
  }

  async *#told(rollout: Rollout, news: Channel<News>, said: Promise<void>): AsyncGenerator<RolloutEvent> {
    const seen = new Map<number, JournalEntry['state']>()
    const past = await this.#past(rollout, seen)
    yield* past
    if ((await this.#fresh(rollout)).finishedAt !== null) news.push('finished')
    for await (const one of news) {
      if (one === 'finished') void said.then(() => news.push('all said'))
      else if (one === 'all said') {
        yield* await this.#past(rollout, seen)
        yield { event: 'end', rollout: await this.#fresh(rollout) }
        return
      } else if ('text' in one) yield { event: 'output', text: one.text }
      else if (isNew(one.entry, seen)) yield { event: 'journal', entry: one.entry }
    }
  }

  async #past(rollout: Rollout, seen: Map<number, JournalEntry['state']>): Promise<RolloutEvent[]> {
    const entries = await this.#deps.store.tables.journal.ofRollout(rollout.id)
    return entries.filter((entry) => isNew(entry, seen)).map((entry) => ({ event: 'journal', entry }))
  }

  async #fresh(rollout: Rollout): Promise<Rollout> {
    return (await this.#deps.store.tables.rollouts.byId(rollout.id)) ?? rollout
  }

  async #pipeOutput(rollout: Rollout, news: Channel<News>, signal: AbortSignal): Promise<void> {
    try {
      for await (const text of this.#outputs.ofRollout(rollout, signal)) news.push({ text })
    } catch (error) {
      this.#deps.log.warn(
        { rollout: rollout.id, error: String(error) },
        'The release phase could not be shown',
      )
    }
  }
}

/** An entry is news once as an intent and once with its outcome. */
function isNew(entry: JournalEntry, seen: Map<number, JournalEntry['state']>): boolean {
  const before = seen.get(entry.id)
  if (before === entry.state || (before !== undefined && entry.state === 'intent')) return false
  seen.set(entry.id, entry.state)
  return true
}
