import type { RuntimeInstance } from '../domain/instance.ts'
import type { App } from '../store/apps.ts'
import type { Tables } from '../store/tables.ts'
import { formationOf } from './formation.ts'
import type { InstanceView } from './instances.ts'

/** In the place of what an app has stopped while it sleeps: an idle one for each that its formation wants; else none. */
export async function restingInstances(
  tables: Tables,
  app: App,
  present: readonly RuntimeInstance[],
): Promise<InstanceView[]> {
  const sleeper = await tables.sleepers.of(app.id)
  if (sleeper?.state !== 'asleep' || app.servingRelease === null) return []
  const release = await tables.releases.byVersion(app.id, app.servingRelease)
  const there = new Set(present.map(({ name }) => name))
  return (await formationOf(tables, app)).flatMap(({ type, quantity, size, command }) =>
    Array.from({ length: quantity }, (_, index): InstanceView => {
      const name = `${type}.${index + 1}`
      return {
        instance: { ...NOTHING, ...whose(app, name), type, name, size, startedAt: sleeper.since },
        server: null,
        rotation: null,
        state: 'idle',
        command: command ?? '',
        releaseId: release?.id ?? null,
      }
    }).filter(({ instance }) => !there.has(instance.name)),
  )
}

const NOTHING = {
  kind: 'formation',
  state: 'exited',
  address: null,
  privateAddress: null,
  host: null,
  unreachable: false,
  pid: null,
  signalledAt: null,
  exit: null,
} as const

function whose(app: App, name: string): Pick<RuntimeInstance, 'id' | 'appId' | 'release' | 'generation'> {
  return {
    id: `asleep-${app.id}-${name}`,
    appId: app.id,
    release: app.servingRelease ?? 0,
    generation: app.servingGeneration ?? 0,
  }
}
