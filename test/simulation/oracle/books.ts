import { ROUTABLE_TYPE } from '../../../src/domain/release.ts'
import type { JournalEntry, OperationKind, Rollout, RolloutOutcome } from '../../../src/domain/rollout.ts'
import { keyOf } from '../world/router.ts'
import type { SimStore } from '../world/store.ts'
import type { Bench } from './bench.ts'

/** The rules of the journal and the ledger. */
export class BookRules {
  readonly #bench: Bench
  readonly #store: SimStore
  /** What was ever journaled of an instance; the world's memory, not the database's. */
  readonly #intents = new Map<string, Set<string>>()
  readonly #outcomes = new Map<string, RolloutOutcome>()
  /** Whether the whole journal is still there: a run may lose it on purpose. */
  complete = true

  constructor(bench: Bench, store: SimStore) {
    this.#bench = bench
    this.#store = store
  }

  /** I6: nothing of a superseded generation is written down any more. */
  journaled(entry: JournalEntry, generation: number): void {
    if (entry.generation !== generation)
      this.#bench.findings.add(
        'I6',
        `${entry.kind} of generation ${entry.generation} was journaled, ${generation} is wanted`,
      )
    if (entry.instance === null || entry.state !== 'intent') return
    const kinds = this.#intents.get(entry.instance) ?? new Set()
    kinds.add(entry.kind)
    this.#intents.set(entry.instance, kinds)
  }

  /** I6: nothing is done that is not in the journal. */
  effect(kind: OperationKind, instance: string): void {
    if (!this.#intents.get(instance)?.has(kind))
      this.#bench.findings.add('I6', `${kind} of ${instance} takes effect without being in the journal`)
  }

  /** I7: one outcome, once; I5: a rollout that ends badly leaves what was before serving whole. */
  finished(rollout: Rollout, outcome: RolloutOutcome, undisturbed: boolean): void {
    const before = this.#outcomes.get(rollout.id)
    if (before)
      this.#bench.findings.add('I7', `${rollout.id} ends as ${outcome} after it had ended as ${before}`)
    this.#outcomes.set(rollout.id, rollout.outcome ?? outcome)
    if (rollout.outcome === null && outcome === 'succeeded') this.#baked(rollout)
    if (outcome === 'succeeded' && this.#bench.looks.isPaused(rollout.appId))
      this.#bench.findings.add('pause', `${rollout.id} succeeds while it is paused`)
    if (rollout.outcome !== null || !undisturbed) return
    const set = outcome === 'succeeded' ? rollout.target : rollout.base
    const wanted = this.#bench.looks.wanted(rollout.appId)
    const key = keyOf({ appId: rollout.appId, type: ROUTABLE_TYPE })
    if (!set || !wanted || !this.#bench.looks.isUpToDate(key)) return
    const type = wanted.types.get(set.generation)?.find((one) => one.routable)
    const serving = this.#bench.router
      .serving(key)
      .filter((id) => this.#bench.runtime.get(id)?.spec.release === set.release).length
    const over = this.#bench.runtime
      .of(rollout.appId)
      .find(
        ({ spec, host }) =>
          spec.kind === 'formation' && spec.generation !== set.generation && host.state === 'up',
      )
    if (over)
      this.#bench.findings.add('I7', `${rollout.id} ends as ${outcome} while ${over.info.id} is still there`)
    if (serving < (type?.quantity ?? 0))
      this.#bench.findings.add(
        'I5',
        `${rollout.id} ends as ${outcome} while ${serving} of ${type?.quantity} of v${set.release} serve`,
      )
  }

  /** A rollout that has something to go back to succeeds when its bake is over, not before. */
  #baked(rollout: Rollout): void {
    const types = this.#bench.looks.wanted(rollout.appId)?.types.get(rollout.target.generation) ?? []
    const bakes = types.filter((type) => type.quantity > 0).map((type) => type.settings.bakeSeconds * 1000)
    const since = this.#bench.switchedAt(rollout.id)
    const lasted = since === null ? 0 : this.#bench.now() - since
    if (rollout.base && lasted < Math.max(0, ...bakes))
      this.#bench.findings.add(
        'bake',
        `${rollout.id} succeeds ${lasted} ms after the switch, before its bake is over`,
      )
  }

  /** At rest the journal tells the world: what it started and has not removed is there, and nothing else. */
  agree(appId: string): void {
    if (!this.complete) return
    const there = new Map(this.#bench.runtime.of(appId).map((one) => [one.info.id, one]))
    const told = lastOf(this.#store.journalOf(appId))
    for (const id of there.keys()) {
      const { start, remove } = told.get(id) ?? {}
      if (start !== 'done' && start !== 'intent' && start !== 'failed')
        this.#bench.findings.add('books', `${id} runs, and no journal entry started it`)
      if (remove === 'done')
        this.#bench.findings.add('books', `${id} is there, and the journal says that it was removed`)
    }
    for (const [id, { start, remove }] of told)
      if (start === 'done' && remove === undefined && !there.has(id) && !this.#lost.has(id))
        this.#bench.findings.add('books', `${id} is gone, and the journal does not say so`)
  }

  readonly #lost = new Set<string>()

  /** The world itself took it away. */
  worldTook(instance: string): void {
    this.#lost.add(instance)
  }
}

interface Told {
  start?: JournalEntry['state']
  remove?: JournalEntry['state']
}

function lastOf(entries: readonly JournalEntry[]): Map<string, Told> {
  const told = new Map<string, Told>()
  for (const { instance, kind, state } of entries) {
    if (instance === null) continue
    const one = told.get(instance) ?? {}
    told.set(instance, one)
    if (kind === 'start' || kind === 'start-release-phase') one.start = state
    if (kind === 'remove' && one.remove !== 'done') one.remove = state
  }
  return told
}
