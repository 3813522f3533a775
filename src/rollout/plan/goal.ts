import { ROUTABLE_TYPE } from '../../domain/release.ts'
import type { SetRef } from '../../domain/rollout.ts'
import { DEFAULT_SETTINGS, type RolloutSettings } from '../../domain/settings.ts'
import type { Facts, SeenInstance } from '../facts.ts'
import type { Wanted, WantedType } from '../spec.ts'

/** Which set is to serve, in the direction that the rollout has now; null: none. */
export function goalSet(wanted: Wanted): SetRef | null {
  if (wanted.destroyed) return null
  if (!wanted.rollout) return wanted.serving
  return wanted.rollout.direction === 'forward' ? wanted.rollout.target : wanted.rollout.base
}

/** The process types of the goal, and with quantity 0 those that only old instances still have. */
export function goalTypes(facts: Facts): WantedType[] {
  const set = goalSet(facts.wanted)
  const types = set ? [...(facts.wanted.types.get(set.generation) ?? [])] : []
  for (const instance of facts.instances) {
    if (instance.kind !== 'formation' || types.some(({ type }) => type === instance.type)) continue
    types.push({ ...typeOf(facts.wanted, instance), quantity: 0 })
  }
  return types
}

export function formationInstances(facts: Facts): SeenInstance[] {
  return facts.instances.filter((instance) => instance.kind === 'formation')
}

/** The type as the instance's own set has it, so that each is stopped by the rules that it was released with. */
export function typeOf(
  wanted: Wanted,
  instance: Pick<SeenInstance, 'type' | 'generation' | 'size'>,
): WantedType {
  const own = wanted.types.get(instance.generation)?.find((type) => type.type === instance.type)
  if (own) return own
  for (const types of wanted.types.values()) {
    const other = types.find((type) => type.type === instance.type)
    if (other) return other
  }
  return {
    type: instance.type,
    quantity: 0,
    size: instance.size,
    routable: instance.type === ROUTABLE_TYPE,
    settings: DEFAULT_SETTINGS,
  }
}

export function settingsOf(wanted: Wanted, instance: SeenInstance): RolloutSettings {
  return typeOf(wanted, instance).settings
}

/** Is it one of the goal's own, as the goal wants it now? */
export function belongs(facts: Facts, type: WantedType, instance: SeenInstance): boolean {
  const set = goalSet(facts.wanted)
  return (
    set !== null &&
    instance.generation === set.generation &&
    !instance.condemned &&
    instance.size === type.size
  )
}
