import type { InstanceExit, RuntimeInstance } from '../../domain/instance.ts'
import type { DockerHost } from './host.ts'
import type { Note } from './notes.ts'
import type { Seen } from './seen.ts'

/** One that was made and not started by then never will be, ms. */
const START_MS = 30_000

/** One that was found ended and that Docker is to start again has so long, ms. */
const COMEBACK_MS = 10_000

/** How long Docker may still take to start one again that was found ended, ms. */
export function comebackLeft({ foundAt }: Seen): number {
  return Math.max(0, foundAt + COMEBACK_MS - Date.now())
}

/** What is true of an instance: what Docker says of its container, and what is noted of it. */
export function observed(
  host: Pick<DockerHost, 'name' | 'privateAddress'>,
  seen: Seen,
  note: Omit<Note, 'host'>,
): RuntimeInstance {
  const exit = note.ended?.exit ?? (isOver(seen, note) ? seen.exit : null) ?? notStarted(seen)
  const at = (port: number | undefined) => (port === undefined ? null : { host: host.privateAddress, port })
  return {
    id: seen.id,
    kind: seen.kind,
    appId: seen.appId,
    type: seen.type,
    name: seen.name,
    release: seen.release,
    generation: seen.generation,
    size: seen.size,
    host: host.name,
    unreachable: false,
    state: exit === null ? 'running' : 'exited',
    address: at(seen.ports?.serve),
    privateAddress: at(seen.ports?.private),
    pid: exit === null ? seen.pid : null,
    startedAt: note.ended?.startedAt ?? seen.startedAt,
    signalledAt: note.signalledAt,
    exit,
  }
}

/** One that Docker would start again has ended once `Ends` has made sure that it does not, or when it has not come back. */
function isOver(seen: Seen, { signalledAt }: Omit<Note, 'host'>): boolean {
  if (seen.state !== 'exited') return false
  return !seen.comesBack || signalledAt !== null || comebackLeft(seen) === 0
}

/** A start that was cut short. Started again it runs all the same. */
function notStarted(seen: Seen): InstanceExit | null {
  const late = seen.state === 'created' && Date.now() - seen.createdAt > START_MS
  return late ? { code: null, at: seen.createdAt, cause: 'exit' } : null
}
