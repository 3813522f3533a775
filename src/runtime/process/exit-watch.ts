import { watch } from 'node:fs'
import type { InstanceId, RuntimeInstance } from '../../domain/instance.ts'
import type { Log } from './log.ts'

const SWEEP_MS = 10_000

export interface Watched {
  /** Directory of the status files. */
  readonly directory: string
  readonly appOf: (id: InstanceId) => string | null
  readonly list: () => Promise<RuntimeInstance[]>
  readonly changed: (appId: string) => void
  readonly log: Log
}

/**
 * Says which app may have changed: as soon as a status file is written; and, since a supervisor may be killed without
 * a word, by a sweep every ten seconds. Neither keeps the control plane alive. Returns the way to end it.
 */
export function watchExits(watched: Watched): () => void {
  const watcher = watch(watched.directory, { persistent: false }, (_event, name) => {
    const app = name ? watched.appOf(name) : null
    if (app !== null) watched.changed(app)
  })
  const running = new Set<InstanceId>()
  const timer = setInterval(() => {
    sweep(watched, running).catch((error) => watched.log.error({ error }, 'instances could not be swept'))
  }, SWEEP_MS).unref()
  return () => {
    watcher.close()
    clearInterval(timer)
  }
}

async function sweep({ list, changed }: Watched, running: Set<InstanceId>): Promise<void> {
  for (const instance of await list()) {
    if (instance.state === 'running') running.add(instance.id)
    else if (running.delete(instance.id)) changed(instance.appId)
  }
}
