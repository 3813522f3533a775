import type { JournalEntry } from '../domain/rollout.ts'

/** What services ask of the engine. They change what is wanted in the store, then poke. */
export interface EngineControl {
  /** Something wanted or observed of this app may have changed: pass soon. Never throws. */
  poke(appId: string): void
  /** Each journal entry as it is written and again as it is settled. Returns the way to stop listening. */
  onEntry(listen: (entry: JournalEntry) => void): () => void
  /** Each rollout as it ends, after its receipt is stored. */
  onFinished(listen: (rollout: string, appId: string) => void): () => void
}
