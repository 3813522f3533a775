import type { RolloutStore, Wanted } from '../rollout/spec.ts'

/** A store that, once told to halt, wants nothing of any app: the engine drains and ends what runs, and forgets nothing. */
export class HaltingStore {
  readonly store: RolloutStore
  #halting = false

  constructor(store: RolloutStore) {
    this.store = { ...store, wanted: async (appId) => this.#wanted(await store.wanted(appId)) }
  }

  get halting(): boolean {
    return this.#halting
  }

  halt(): void {
    this.#halting = true
  }

  #wanted(wanted: Wanted | null): Wanted | null {
    return wanted && this.#halting ? { ...wanted, destroyed: true } : wanted
  }
}
