import type { SetRef } from '../../../src/domain/rollout.ts'
import { type RolloutSettings, surgeOf } from '../../../src/domain/settings.ts'
import type { BackendKey } from '../../../src/rollout/ports.ts'
import type { Wanted } from '../../../src/rollout/spec.ts'
import { keyOf } from '../world/router.ts'

/** What a type's goal is, as a control plane last read it. */
export interface Goal {
  readonly set: SetRef | null
  readonly quantity: number
  readonly settings: RolloutSettings | null
}

/**
 * What the present control plane has last seen, and what has gone wrong since without its knowing: an engine is judged
 * by what it could know.
 */
export class Looks {
  readonly #passing = new Set<string>()
  readonly #wanted = new Map<string, Wanted>()
  readonly #falls = new Map<string, number>()
  readonly #fallsSeen = new Map<string, number>()
  /** Let in by a dead control plane's command since the last look, by backend. */
  readonly #letInLate = new Map<string, Set<string>>()

  read(wanted: Wanted): void {
    this.#wanted.set(wanted.appId, wanted)
    this.#passing.add(wanted.appId)
  }

  /** Only the look that a pass begins with counts: what is asked later in it decides nothing any more. */
  observed(backend: BackendKey): void {
    if (!this.#passing.delete(backend.appId)) return
    const key = keyOf(backend)
    this.#fallsSeen.set(key, this.#falls.get(key) ?? 0)
    this.#letInLate.delete(key)
  }

  /** A command of a dead control plane has let the instance in: nobody knows before the next look. */
  letInLate(key: string, instance: string): void {
    this.#letInLate.set(key, (this.#letInLate.get(key) ?? new Set()).add(instance))
  }

  /** Nobody could know yet that a dead control plane has let it in. */
  isInUnknown(key: string, instance: string): boolean {
    return this.#letInLate.get(key)?.has(instance) ?? false
  }

  /** Something of that backend stopped serving by itself. */
  fell(key: string): void {
    this.#falls.set(key, (this.#falls.get(key) ?? 0) + 1)
  }

  /** Nothing has fallen since the last observation. */
  isUpToDate(key: string): boolean {
    return (this.#falls.get(key) ?? 0) === this.#fallsSeen.get(key)
  }

  /** Somebody has the rollout wait. */
  isPaused(appId: string): boolean {
    const rollout = this.#wanted.get(appId)?.rollout
    return rollout?.direction === 'forward' && rollout.paused
  }

  wanted(appId: string): Wanted | null {
    return this.#wanted.get(appId) ?? null
  }

  /** How many of the type may be missing: by the rules of the goal, or of what serves while nothing of the goal is there. */
  mayBeMissing(appId: string, type: string): number {
    const wanted = this.#wanted.get(appId)
    const sets = [wanted ? goalOf(wanted) : null, wanted?.rollout?.base]
    const allowed = sets.map(
      (set) =>
        (set ? wanted!.types.get(set.generation)?.find((one) => one.type === type) : undefined)?.settings
          .maxUnavailable ?? 0,
    )
    return Math.max(...allowed)
  }

  /** The surge of the goal, or of what serves while nothing of the goal is there. */
  surge(appId: string, type: string): number {
    const wanted = this.#wanted.get(appId)
    const surges = [wanted ? goalOf(wanted) : null, wanted?.rollout?.base].map((set) => {
      const found = set ? wanted!.types.get(set.generation)?.find((one) => one.type === type) : undefined
      return found ? Math.max(surgeOf(found.settings, found.quantity), found.settings.maxUnavailable) : 0
    })
    return Math.max(...surges)
  }

  goal(appId: string, type: string): Goal {
    const wanted = this.#wanted.get(appId)
    const set = wanted ? goalOf(wanted) : null
    const found = set ? wanted!.types.get(set.generation)?.find((one) => one.type === type) : undefined
    return { set, quantity: found?.quantity ?? 0, settings: found?.settings ?? null }
  }
}

function goalOf(wanted: Wanted): SetRef | null {
  if (wanted.destroyed) return null
  if (!wanted.rollout) return wanted.serving
  return wanted.rollout.direction === 'forward' ? wanted.rollout.target : wanted.rollout.base
}
