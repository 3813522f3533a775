import type { Facts, SeenInstance } from '../facts.ts'
import type { Operation } from '../operations.ts'
import { settingsOf } from './goal.ts'

/** A SIGKILL that had no effect is sent again after this long, ms. */
const KILL_AGAIN_MS = 1000

/** The next step of taking one instance away that takes no new requests: park, pre-stop, terminate, kill. */
export function retire(facts: Facts, instance: SeenInstance, why: string): Operation[] {
  if (instance.signalledFor !== null) return finishOff(facts, instance)
  const { server } = instance
  if (!server) return end(facts, instance, why)
  if (server.admin === 'maint' && instance.unreachableFor !== null) return vacate(instance)
  const limitPassed = server.outFor >= settingsOf(facts.wanted, instance).drainSeconds * 1000
  if (!server.idle && !limitPassed) return []
  if (server.admin === 'drain')
    return [{ kind: 'park', note: parkNote(server.inFlight, why), ...about(instance) }]
  return end(facts, instance, why)
}

function parkNote(inFlight: number, why: string): string {
  return inFlight === 0
    ? `no request in flight: ${why}`
    : `drain limit passed with ${inFlight} in flight: ${why}`
}

function end(facts: Facts, instance: SeenInstance, why: string): Operation[] {
  const settings = settingsOf(facts.wanted, instance)
  const healthy = instance.server === null || instance.server.passedOnce
  if (settings.preStop && healthy && instance.preStop !== 'done') {
    if (instance.preStop === 'running') return []
    return [
      {
        kind: 'pre-stop',
        note: why,
        hook: settings.preStop,
        limitMs: settings.stopSeconds * 1000,
        ...about(instance),
      },
    ]
  }
  return [{ kind: 'terminate', note: why, cut: (instance.server?.inFlight ?? 0) > 0, ...about(instance) }]
}

/** What a signalled instance still needs: its streams cut when they outstay, itself killed when it does. */
function finishOff(facts: Facts, instance: SeenInstance): Operation[] {
  if (instance.server && instance.unreachableFor !== null) return vacate(instance)
  const settings = settingsOf(facts.wanted, instance)
  const since = instance.signalledFor ?? 0
  const operations: Operation[] = []
  if (
    instance.server &&
    instance.server.streams > 0 &&
    !instance.server.streamsClosed &&
    since >= settings.streamSeconds * 1000
  ) {
    operations.push({
      kind: 'close-streams',
      note: `${instance.server.streams} streams outstayed`,
      ...about(instance),
    })
  }
  if (
    since >= settings.stopSeconds * 1000 &&
    (instance.killedFor === null || instance.killedFor >= KILL_AGAIN_MS)
  ) {
    operations.push({
      kind: 'kill',
      note: `still there ${settings.stopSeconds} s after SIGTERM`,
      ...about(instance),
    })
  }
  return operations
}

/** Who knows when its host answers again: others may need its slot. */
function vacate(instance: SeenInstance): Operation[] {
  return [{ kind: 'free', note: `its host ${instance.host} does not answer`, ...about(instance) }]
}

/** An instance that has ended: its slot is emptied first, then it is forgotten, so that its port stays its own until then. */
export function bury(instance: SeenInstance): Operation {
  return { kind: instance.server ? 'free' : 'remove', note: 'it has ended', ...about(instance) }
}

export function about(instance: SeenInstance): {
  instance: string
  type: string
  name: string
  release: number
} {
  return { instance: instance.id, type: instance.type, name: instance.name, release: instance.release }
}
