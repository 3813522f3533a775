import type { Facts, SeenInstance } from '../facts.ts'
import type { Operation } from '../operations.ts'
import { goalSet } from './goal.ts'
import { about, bury } from './retire.ts'

/** How long a release command may run, ms: an hour, as on Heroku. */
const RELEASE_PHASE_MS = 3_600_000

/** How long a host that has stopped answering is waited for while a release command runs on it, ms. */
const HOST_MS = 60_000

/** The release command is run once with the new release, before anything else changes. */
export function planReleasePhase(facts: Facts): Operation[] {
  const phases = facts.instances.filter((instance) => instance.kind === 'release-phase')
  const current = phases.find((phase) => isCurrent(facts, phase))
  const stale = phases.filter((phase) => phase !== current).flatMap(endPhase)
  return [...stale, ...currentPhase(facts, current)]
}

function isCurrent(facts: Facts, phase: SeenInstance): boolean {
  const { rollout } = facts.wanted
  return (
    rollout?.direction === 'forward' && !rollout.releasePhaseDone && phase.generation === rollout.generation
  )
}

function currentPhase(facts: Facts, current: SeenInstance | undefined): Operation[] {
  const { rollout } = facts.wanted
  const set = goalSet(facts.wanted)
  if (rollout?.direction !== 'forward' || rollout.releasePhaseDone || !set) return []
  if (!current)
    return [
      { kind: 'start-release-phase', note: `before v${set.release} takes over`, rollout: rollout.id, set },
    ]
  if (current.running && current.age > RELEASE_PHASE_MS) {
    return [
      {
        kind: 'turn-back',
        note: 'The release phase took longer than an hour.',
        rollout: rollout.id,
        outcome: 'failed',
      },
    ]
  }
  if (current.running && (current.unreachableFor ?? 0) > HOST_MS) {
    return [
      {
        kind: 'turn-back',
        note: `The host ${current.host}, on which the release phase of v${set.release} runs, does not answer.`,
        rollout: rollout.id,
        outcome: 'failed',
      },
    ]
  }
  if (current.running) return []
  if (current.exit?.code === 0)
    return [{ kind: 'pass-release-phase', note: 'it exited with status 0', rollout: rollout.id }]
  const lines = current.lastLines.map((line) => `\n  ${line}`).join('')
  const note = `The release phase of v${set.release} exited with status ${current.exit?.code ?? 'unknown'}.${lines ? ` Its last lines:${lines}` : ''}`
  return [{ kind: 'turn-back', note, rollout: rollout.id, outcome: 'failed' }]
}

/** A release command whose result is known or no longer wanted. */
function endPhase(phase: SeenInstance): Operation[] {
  if (!phase.running) return [bury(phase)]
  if (phase.signalledFor === null)
    return [{ kind: 'terminate', note: 'its rollout has ended', cut: false, ...about(phase) }]
  return phase.killedFor === null && phase.signalledFor > 30_000
    ? [{ kind: 'kill', note: 'still there 30 s after SIGTERM', ...about(phase) }]
    : []
}
