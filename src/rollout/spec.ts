import type { InstanceId, InstanceKind, InstanceSpec } from '../domain/instance.ts'
import type { JournalEntry, Receipt, Rollout, RolloutOutcome, SetRef } from '../domain/rollout.ts'
import type { RolloutSettings } from '../domain/settings.ts'

/** What is wanted of one app: the level that the engine drives the world to. Read anew in each pass. */
export interface Wanted {
  readonly appId: string
  readonly appName: string
  /** Host header for checks. */
  readonly host: string
  /** The highest generation issued; operations of a lower one are refused. */
  readonly generation: number
  /** The unfinished rollout, if any. */
  readonly rollout: Rollout | null
  /** Rollouts that a newer one has superseded and that have no receipt yet. */
  readonly superseded: readonly Rollout[]
  /** The set that is to serve when no rollout runs; null before the first success. */
  readonly serving: SetRef | null
  /**
   * Process types by generation: of each set named by `serving`, `rollout.target` and `rollout.base`; in the facts of a
   * pass, of every set that an instance was seen of.
   */
  readonly types: ReadonlyMap<number, readonly WantedType[]>
  /** Instances to be replaced one for one, without a rollout (`ps:restart web.1`). */
  readonly condemned: ReadonlySet<InstanceId>
  /** The app is being destroyed: everything goes. */
  readonly destroyed: boolean
}

export interface WantedType {
  readonly type: string
  readonly quantity: number
  readonly size: string
  readonly routable: boolean
  readonly settings: RolloutSettings
}

/** The engine's memory on disk. A write is durable (synced) when it resolves. */
export interface RolloutStore {
  /** Null when there is no such app. */
  wanted(appId: string): Promise<Wanted | null>
  /**
   * The process types of sets that `wanted` does not name: of instances that rollouts left which a newer one has
   * superseded. Each is stopped by the rules that it was released with. By generation.
   */
  types(appId: string, sets: readonly SetRef[]): Promise<ReadonlyMap<number, readonly WantedType[]>>
  /** Ids of all apps, for the start of a control plane. */
  apps(): Promise<string[]>
  /**
   * Writes entries in one transaction and returns their ids, in order. Throws TasukiError `conflict` when `generation`
   * is no longer the app's highest (invariant I6); then nothing was written and nothing may be done.
   */
  journal(entries: readonly NewEntry[]): Promise<number[]>
  /** Writes the outcomes of entries. */
  settle(outcomes: readonly { id: number; error: string | null; at: number }[]): Promise<void>
  /** The release phase is done (or was not needed). */
  passReleasePhase(rollout: string): Promise<void>
  /** Turns a rollout back; one that has turned or ended already is left as it is. */
  turnBack(rollout: string, reason: string, outcome: 'failed' | 'returned'): Promise<void>
  /** The target has taken over whole: if it is superseded from now on, it is the set that serves meanwhile. */
  markSwitched(rollout: string): Promise<void>
  /** Journal of one rollout, oldest first. */
  entries(rollout: string): Promise<JournalEntry[]>
  /**
   * Ends a rollout in one transaction: outcome (a superseded one stays so), receipt, which set serves
   * (target when it succeeded, else base), and the status of the release.
   */
  finish(rollout: string, outcome: RolloutOutcome, receipt: Receipt, at: number): Promise<void>
  /** The spec of an instance of that set and type, config decrypted. */
  instanceSpec(
    appId: string,
    set: SetRef,
    type: string,
    kind: InstanceKind,
  ): Promise<Omit<InstanceSpec, 'id' | 'name' | 'generation'>>
  /** Digest of a set's artifact. */
  artifact(appId: string, set: SetRef): Promise<string>
  /** The app is gone from the world: forget it. */
  forget(appId: string): Promise<void>
  /** An instance is gone: it needs to be condemned no longer. */
  pardon(appId: string, instance: InstanceId): Promise<void>
}

export interface NewEntry {
  readonly appId: string
  readonly rollout: string | null
  readonly generation: number
  readonly kind: JournalEntry['kind']
  readonly instance: InstanceId | null
  readonly name: string | null
  readonly release: number | null
  readonly note: string
  readonly state: 'intent' | 'seen'
  readonly at: number
}
