import { TasukiError } from '../../src/domain/errors.ts'
import type { InstanceSpec } from '../../src/domain/instance.ts'
import type { JournalEntry, Receipt, Rollout, RolloutOutcome, SetRef } from '../../src/domain/rollout.ts'
import { sizeOf } from '../../src/domain/size.ts'
import type { NewEntry, RolloutStore, Wanted, WantedType } from '../../src/rollout/spec.ts'

export const APP = 'app-1'

/** The engine's memory, as the database keeps it. Survives the control plane. */
export class SimStore implements RolloutStore {
  generation = 0
  serving: SetRef | null = null
  quantity = 2
  destroyed = false
  forgotten = false
  type: Omit<WantedType, 'quantity'>
  condemned = new Set<string>()
  readonly rollouts: Rollout[] = []
  readonly receipts = new Map<string, Receipt>()
  #entries: JournalEntry[] = []
  readonly #now: () => number

  constructor(type: Omit<WantedType, 'quantity'>, now: () => number) {
    this.type = type
    this.#now = now
  }

  get running(): Rollout | null {
    return this.rollouts.find((one) => one.outcome === null) ?? null
  }

  /** Begins a rollout; one that is running is superseded. */
  begin(release: number, kind: Rollout['kind'], withReleasePhase: boolean): Rollout {
    const previous = this.running
    const whole = previous && previous.direction === 'forward' && previous.switched
    const base = previous ? (whole ? previous.target : previous.base) : this.serving
    if (previous) this.#change(previous.id, { outcome: 'superseded' })
    this.generation += 1
    const rollout: Rollout = {
      id: `r${this.generation}`,
      appId: APP,
      generation: this.generation,
      kind,
      target: { generation: this.generation, release },
      base,
      strategy: this.type.settings.strategy,
      direction: 'forward',
      reason: null,
      backOutcome: null,
      releasePhaseDone: !withReleasePhase,
      switched: false,
      outcome: null,
      startedAt: this.#now(),
      finishedAt: null,
    }
    this.rollouts.push(rollout)
    return rollout
  }

  /** A fault that must not matter: the journal is gone. */
  loseJournal(): void {
    this.#entries = []
  }

  async wanted(): Promise<Wanted | null> {
    if (this.forgotten) return null
    const rollout = this.running
    const types = new Map<number, readonly WantedType[]>()
    for (const set of [this.serving, rollout?.target, rollout?.base]) {
      if (set) types.set(set.generation, [{ ...this.type, quantity: this.quantity }])
    }
    return {
      appId: APP,
      appName: 'shop',
      host: 'shop.example.com',
      generation: this.generation,
      rollout,
      superseded: this.rollouts.filter((one) => one.outcome === 'superseded' && one.finishedAt === null),
      serving: this.serving,
      types,
      condemned: this.condemned,
      destroyed: this.destroyed,
    }
  }

  async apps(): Promise<string[]> {
    return [APP]
  }

  async journal(entries: readonly NewEntry[]): Promise<number[]> {
    if (entries.some((entry) => entry.generation !== this.generation))
      throw new TasukiError('conflict', 'A newer rollout has begun.')
    return entries.map((entry) => {
      const id = this.#entries.length + 1
      this.#entries.push({ ...entry, id, error: null, endedAt: null })
      return id
    })
  }

  async settle(outcomes: readonly { id: number; error: string | null; at: number }[]): Promise<void> {
    for (const { id, error, at } of outcomes) {
      const entry = this.#entries[id - 1]
      if (entry) this.#entries[id - 1] = { ...entry, state: error ? 'failed' : 'done', error, endedAt: at }
    }
  }

  async passReleasePhase(id: string): Promise<void> {
    this.#change(id, { releasePhaseDone: true })
  }

  async turnBack(id: string, reason: string, outcome: 'failed' | 'returned'): Promise<void> {
    const rollout = this.rollouts.find((one) => one.id === id)
    if (rollout?.outcome !== null || rollout.direction === 'back') return
    this.#change(id, { direction: 'back', reason, backOutcome: outcome })
  }

  async markSwitched(id: string): Promise<void> {
    this.#change(id, { switched: true })
  }

  async entries(rollout: string): Promise<JournalEntry[]> {
    return this.#entries.filter((entry) => entry.rollout === rollout)
  }

  async finish(id: string, outcome: RolloutOutcome, receipt: Receipt, at: number): Promise<void> {
    const rollout = this.rollouts.find((one) => one.id === id)
    if (!rollout || rollout.finishedAt !== null) return
    this.receipts.set(id, receipt)
    if (rollout.outcome === null) this.serving = outcome === 'succeeded' ? rollout.target : rollout.base
    this.#change(id, { outcome: rollout.outcome ?? outcome, finishedAt: at })
  }

  async instanceSpec(
    appId: string,
    set: SetRef,
    type: string,
    kind: InstanceSpec['kind'],
  ): Promise<Omit<InstanceSpec, 'id' | 'name' | 'generation'>> {
    return {
      kind,
      appId,
      appName: 'shop',
      type,
      release: set.release,
      artifact: 'a',
      command: 'run',
      env: {},
      commit: null,
      size: sizeOf(this.type.size),
    }
  }

  async artifact(): Promise<string> {
    return 'a'
  }

  async forget(): Promise<void> {
    this.forgotten = true
  }

  async pardon(_appId: string, instance: string): Promise<void> {
    this.condemned.delete(instance)
  }

  #change(id: string, change: Partial<Rollout>): void {
    const at = this.rollouts.findIndex((one) => one.id === id)
    if (at >= 0) this.rollouts[at] = { ...this.rollouts[at]!, ...change }
  }
}
