import type { Artifact } from '../domain/artifact.ts'
import { RELEASE_TYPE } from '../domain/release.ts'
import { surgeOf } from '../domain/settings.ts'
import type { Preview } from '../rollout/preview.ts'
import type { WantedType } from '../rollout/spec.ts'

/** Something about a rollout that one should know before. The code is stable. */
export interface Risk {
  readonly code:
    | 'single_instance'
    | 'no_instance'
    | 'memory'
    | 'no_health_check'
    | 'nothing_warm'
    | 'release_phase'
    | 'workers_doubled'
    | 'never_ends'
  readonly text: string
}

interface Planned {
  readonly types: readonly WantedType[]
  readonly artifact: Artifact
  readonly memoryMiB: number
  readonly headroom: { readonly freeBytes: number; readonly totalBytes: number }
  readonly preview: Pick<Preview, 'ends'>
}

const MIB = 1024 * 1024

/** What is risky about a rollout, the most serious first. */
export function risksOf(planned: Planned): Risk[] {
  const risks = [
    neverEnds(planned),
    memory(planned),
    ...planned.types.filter((type) => type.routable).flatMap(ofRoutable),
    releasePhase(planned),
    workersDoubled(planned),
  ]
  return risks.filter((risk) => risk !== null)
}

function neverEnds({ preview }: Planned): Risk | null {
  if (preview.ends) return null
  return {
    code: 'never_ends',
    text: 'These settings contradict each other: the rollout would not come to its end.',
  }
}

function memory({ memoryMiB, headroom }: Planned): Risk | null {
  const totalMiB = Math.floor(headroom.totalBytes / MIB)
  if (memoryMiB <= totalMiB) return null
  const text = `Old and new together may use ${memoryMiB} MiB; this machine has ${totalMiB} MiB. Use fewer or smaller instances, or a smaller surge.`
  return { code: 'memory', text }
}

function ofRoutable(type: WantedType): (Risk | null)[] {
  if (type.quantity === 0)
    return [{ code: 'no_instance', text: `No ${type.type} instance is wanted: visitors get 503.` }]
  return [singleInstance(type), noHealthCheck(type), nothingWarm(type)]
}

function singleInstance(type: WantedType): Risk | null {
  if (type.quantity > 1) return null
  const text = `One ${type.type} instance only: when it crashes, visitors wait until another has booted.`
  return { code: 'single_instance', text }
}

function noHealthCheck({ type, settings }: WantedType): Risk | null {
  if (settings.checkPath !== null) return null
  const text = `${type} has no health check: an open port counts as ready. Name a path in app.json ("healthchecks").`
  return { code: 'no_health_check', text }
}

function nothingWarm({ type, settings, quantity }: WantedType): Risk | null {
  if (surgeOf(settings, quantity) > 0) return null
  const text = `The surge of ${type} is 0: no old instance is kept warm, so a return has to boot them again.`
  return { code: 'nothing_warm', text }
}

function releasePhase({ artifact }: Planned): Risk | null {
  const command = artifact.processTypes[RELEASE_TYPE]
  if (command === undefined) return null
  const text = `The release phase runs first (${command}): old instances run on what it changes, also if it is returned.`
  return { code: 'release_phase', text }
}

function workersDoubled({ types }: Planned): Risk | null {
  const doubled = types.filter((type) => !type.routable && type.quantity > 0 && !type.settings.singleton)
  if (doubled.length === 0) return null
  const names = doubled.map((type) => type.type).join(', ')
  const text = `Old and new ${names} run side by side for a moment; set "singleton" where that does harm.`
  return { code: 'workers_doubled', text }
}
