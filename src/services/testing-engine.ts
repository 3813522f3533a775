import type { JournalEntry, Rollout } from '../domain/rollout.ts'
import type { EngineControl } from '../rollout/engine-port.ts'
import type { Store } from '../store/open.ts'
import { receiptOf } from '../store/testing.ts'

/** Stands where the engine stands: ends rollouts when the test says so. */
export class FakeEngine implements EngineControl {
  readonly poked: string[] = []
  readonly #store: Store
  readonly #entries = new Set<(entry: JournalEntry) => void>()
  readonly #finished = new Set<(rollout: string, appId: string) => void>()

  constructor(store: Store) {
    this.#store = store
  }

  poke(appId: string): void {
    this.poked.push(appId)
  }

  onEntry(listen: (entry: JournalEntry) => void): () => void {
    this.#entries.add(listen)
    return () => this.#entries.delete(listen)
  }

  onFinished(listen: (rollout: string, appId: string) => void): () => void {
    this.#finished.add(listen)
    return () => this.#finished.delete(listen)
  }

  /** Writes an entry of the running rollout as the engine does, and tells who listens. */
  async enter(appId: string, kind: JournalEntry['kind'], at = Date.now()): Promise<void> {
    const { rollout, generation } = (await this.#store.rollouts.wanted(appId))!
    const entry = {
      appId,
      rollout: rollout!.id,
      generation,
      kind,
      instance: null,
      name: null,
      release: null,
      note: `${kind} now`,
      at,
    }
    const [id] = await this.#store.rollouts.journal([{ ...entry, state: 'intent' }])
    this.#tell({ ...entry, id: id!, state: 'intent', error: null, endedAt: null })
    await this.#store.rollouts.settle([{ id: id!, error: null, at }])
    this.#tell({ ...entry, id: id!, state: 'done', error: null, endedAt: at })
  }

  /** An entry of an instance that has been carried out or seen, told to who listens and not written. */
  journal(
    appId: string,
    entry: Pick<JournalEntry, 'kind' | 'name' | 'note'> & { readonly instance: string; readonly at?: number },
  ): void {
    const about = { id: 0, appId, rollout: null, generation: 1, release: 1, error: null, endedAt: null }
    const state = entry.kind === 'exited' ? 'seen' : 'done'
    this.#tell({ ...about, state, at: Date.now(), ...entry })
  }

  /** The rollout that runs ends so. */
  async finish(appId: string, outcome: 'succeeded' | 'failed' | 'returned' = 'succeeded'): Promise<void> {
    const { rollout } = (await this.#store.rollouts.wanted(appId))!
    if (outcome === 'succeeded') await this.#store.rollouts.markSwitched(rollout!.id)
    else await this.#store.rollouts.turnBack(rollout!.id, 'The test says so.', outcome)
    await this.#store.rollouts.finish(rollout!.id, outcome, receiptOf(rollout!, outcome), Date.now())
    for (const listen of this.#finished) listen(rollout!.id, appId)
  }

  /** Closes the books of one that a newer one has superseded. */
  async finishSuperseded(rollout: Rollout): Promise<void> {
    const receipt = receiptOf(rollout, 'superseded')
    await this.#store.rollouts.finish(rollout.id, 'superseded', receipt, Date.now())
    for (const listen of this.#finished) listen(rollout.id, rollout.appId)
  }

  #tell(entry: JournalEntry): void {
    for (const listen of this.#entries) listen(entry)
  }
}
