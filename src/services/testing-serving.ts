import type { SetRef } from '../domain/rollout.ts'
import type { SeenInstance } from '../rollout/facts.ts'
import type { Wanted, WantedType } from '../rollout/spec.ts'

/** The set that serves now, as the engine would see it running whole. */
export function servingOf(wanted: Wanted): SeenInstance[] {
  const set = wanted.rollout?.base ?? wanted.serving
  const types = set ? (wanted.types.get(set.generation) ?? []) : []
  return types.flatMap((type) => Array.from({ length: type.quantity }, (_, at) => seen(set!, type, at + 1)))
}

function seen(set: SetRef, { type, size, routable }: WantedType, index: number): SeenInstance {
  const server = {
    admin: 'ready',
    health: 'up',
    passedOnce: true,
    everywhere: true,
    inFlight: 0,
    streams: 0,
    check: '',
  } as const
  return {
    id: `${type}-${index}`,
    kind: 'formation',
    type,
    name: `${type}.${index}`,
    release: set.release,
    generation: set.generation,
    size,
    running: true,
    exit: null,
    address: { host: '127.0.0.1', port: 20_000 + index },
    age: 60_000,
    signalledFor: null,
    killedFor: null,
    preStop: 'none',
    condemned: false,
    server: routable
      ? { ...server, outFor: 0, unreadyFor: 0, downFor: 0, idle: false, streamsClosed: false }
      : null,
    served: true,
    lastLines: [],
    host: null,
    unreachableFor: null,
  }
}
