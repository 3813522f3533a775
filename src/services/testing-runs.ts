import { PassThrough } from 'node:stream'
import type { InstanceSpec, RuntimeInstance } from '../domain/instance.ts'
import type { App } from '../store/apps.ts'
import type { AttachedRun } from './ports.ts'
import { ALICE, type World, world } from './testing.ts'

/** A runtime that keeps the specs it was given and ends a run when it is told to. */
export interface Played extends World {
  readonly app: App
  readonly specs: InstanceSpec[]
  readonly removed: string[]
  /** What was sent to instances. */
  readonly sent: string[]
  end(code: number): void
  changed: (appId: string) => void
}

export async function played(...args: Parameters<typeof world>): Promise<Played> {
  const made = await world(...args)
  const app = await made.services.apps.create('shop', ALICE)
  const specs: InstanceSpec[] = []
  const removed: string[] = []
  const sent: string[] = []
  const exit = Promise.withResolvers<number>()
  const watchers: ((appId: string) => void)[] = []
  Object.assign(made.deps.runtime, {
    start: async (spec: InstanceSpec) => {
      specs.push(spec)
    },
    remove: async (id: string) => {
      removed.push(id)
    },
    signal: async (id: string, signal: string) => {
      sent.push(signal)
      change(made.instances, id, { signalledAt: Date.now() })
    },
    watch: (changed: (appId: string) => void) => {
      watchers.push(changed)
      return () => undefined
    },
  })
  Object.assign(made.deps.oneOffs, {
    runAttached: async (spec: InstanceSpec): Promise<AttachedRun> => {
      specs.push(spec)
      const nothing = () => undefined
      const [output, input] = [new PassThrough(), new PassThrough()]
      return { tty: true, output, input, resize: nothing, signal: nothing, exited: exit.promise }
    },
    hangUp: async () => {
      sent.push('SIGHUP')
    },
  })
  await made.services.runs.start()
  return Object.assign(made, {
    app,
    specs,
    removed,
    sent,
    end: exit.resolve,
    changed: (id: string) => watchers.at(-1)!(id),
  })
}

export function change(instances: RuntimeInstance[], id: string, more: Partial<RuntimeInstance>): void {
  const at = instances.findIndex((one) => one.id === id)
  instances[at] = { ...instances[at]!, ...more }
}

/** The instance of a spec as the runtime shows it. */
export function shown({ id, appId, name, release, generation }: InstanceSpec): RuntimeInstance {
  const about = { id, appId, name, release, generation, kind: 'one-off', type: 'run', size: 'Eco' } as const
  const none = {
    host: null,
    unreachable: false,
    address: null,
    privateAddress: null,
    pid: null,
    signalledAt: null,
    exit: null,
  }
  return { ...about, ...none, state: 'running', startedAt: 1 }
}

/** As if the control plane had been started anew. */
export async function restarted(made: Played): Promise<void> {
  await made.services.runs.stop()
  await made.services.runs.start()
}

export async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve))
}
