import type { Facts, SeenInstance, SeenServer } from './facts.ts'
import type { Operation } from './operations.ts'
import { plan } from './plan/plan.ts'
import type { Wanted } from './spec.ts'

/** What a rollout would do, step by step, if everything went well. */
export interface Preview {
  readonly steps: readonly PreviewStep[]
  /** The most instances that would run at a time. */
  readonly peakInstances: number
  /** The rollout would come to its end; false means that the settings contradict each other. */
  readonly ends: boolean
}

export interface PreviewStep {
  readonly operation: Operation['kind']
  /** `web.1`, or null for a step of the whole rollout. */
  readonly name: string | null
  readonly release: number | null
  readonly note: string
}

const MOST_PASSES = 10_000
/** One pass of the ideal world, ms: long enough for every wait that a plan may have. */
const TICK_MS = 1000

/** Runs the real planner against a world in which everything succeeds at once. Touches nothing. */
export function preview(wanted: Wanted, running: readonly SeenInstance[]): Preview {
  const world = new IdealWorld(wanted, running)
  const steps: PreviewStep[] = []
  let peakInstances = running.length
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const { operations, settled } = plan(world.facts())
    if (settled) return { steps, peakInstances, ends: true }
    for (const operation of operations) {
      steps.push(stepOf(operation))
      if (operation.kind === 'finish') return { steps, peakInstances, ends: true }
      world.apply(operation)
    }
    world.tick()
    peakInstances = Math.max(peakInstances, world.count)
  }
  return { steps, peakInstances, ends: false }
}

function stepOf(operation: Operation): PreviewStep {
  const { kind, note } = operation
  if (kind === 'start')
    return {
      operation: kind,
      name: `${operation.type}.${operation.index}`,
      release: operation.set.release,
      note,
    }
  if ('instance' in operation)
    return { operation: kind, name: operation.name, release: operation.release, note }
  return { operation: kind, name: null, release: null, note }
}

class IdealWorld {
  #wanted: Wanted
  #instances = new Map<string, SeenInstance>()
  #prepared = false
  #open = false
  #baked: number | null = null
  #next = 0

  constructor(wanted: Wanted, running: readonly SeenInstance[]) {
    this.#wanted = wanted
    for (const one of running) this.#instances.set(one.id, one)
  }

  get count(): number {
    return [...this.#instances.values()].filter((one) => one.running).length
  }

  facts(): Facts {
    return {
      wanted: this.#wanted,
      instances: [...this.#instances.values()],
      orphans: [],
      prepared: this.#prepared,
      receiptOpen: this.#open,
      broken: null,
      pauses: new Map(),
      basePauses: new Map(),
      bakedFor: this.#baked,
      breach: null,
      tight: false,
    }
  }

  tick(): void {
    for (const [id, one] of this.#instances) {
      const server = one.server ? this.#settle(one.server) : null
      this.#instances.set(id, {
        ...one,
        age: one.age + TICK_MS,
        server,
        served: one.served || server?.admin === 'ready',
      })
    }
    if (this.#baked !== null) this.#baked += TICK_MS
  }

  #settle(server: SeenServer): SeenServer {
    return {
      ...server,
      health: 'up',
      passedOnce: true,
      everywhere: true,
      inFlight: 0,
      streams: 0,
      idle: server.admin !== 'ready',
    }
  }

  apply(operation: Operation): void {
    if (operation.kind === 'prepare') this.#prepared = true
    else if (operation.kind === 'open-receipt') this.#open = true
    else if (operation.kind === 'start-release-phase')
      this.#start('release', 0, operation.set, 'release-phase')
    else if (operation.kind === 'pass-release-phase') this.#change({ releasePhaseDone: true })
    else if (operation.kind === 'mark-switched') this.#switch()
    else if (operation.kind === 'start')
      this.#start(operation.type, operation.index, operation.set, 'formation')
    else if ('instance' in operation) this.#onInstance(operation)
  }

  #change(change: { releasePhaseDone?: boolean; switched?: boolean }): void {
    if (this.#wanted.rollout)
      this.#wanted = { ...this.#wanted, rollout: { ...this.#wanted.rollout, ...change } }
  }

  #switch(): void {
    this.#change({ switched: true })
    this.#baked = 0
  }

  #start(
    type: string,
    index: number,
    set: { generation: number; release: number },
    kind: SeenInstance['kind'],
  ): void {
    this.#next += 1
    const wantedType = this.#wanted.types.get(set.generation)?.find((one) => one.type === type)
    const id = `preview-${this.#next}`
    const ended = kind === 'release-phase'
    this.#instances.set(id, {
      id,
      kind,
      type,
      name: `${type}.${index}`,
      release: set.release,
      generation: set.generation,
      size: wantedType?.size ?? '',
      host: null,
      unreachableFor: null,
      running: !ended,
      exit: ended ? { code: 0, at: 0, cause: 'exit' } : null,
      address: { host: '', port: 0 },
      age: 0,
      signalledFor: null,
      killedFor: null,
      preStop: 'none',
      condemned: false,
      server: null,
      served: false,
      lastLines: [],
    })
  }

  #onInstance(operation: Operation & { instance: string }): void {
    const one = this.#instances.get(operation.instance)
    if (!one) return
    const changed = after(operation.kind, one)
    if (changed) this.#instances.set(one.id, changed)
    else this.#instances.delete(one.id)
  }
}

/** The instance after an operation in a world where all goes well; null when it is gone. */
function after(kind: Operation['kind'], one: SeenInstance): SeenInstance | null {
  const inRouter = (admin: SeenServer['admin']): SeenInstance => ({
    ...one,
    server: { ...(one.server ?? NEW_SERVER), admin },
  })
  switch (kind) {
    case 'assign':
    case 'drain':
      return inRouter('drain')
    case 'admit':
      return inRouter('ready')
    case 'park':
      return inRouter('maint')
    case 'pre-stop':
      return { ...one, preStop: 'done' }
    case 'terminate':
    case 'kill':
      return { ...one, running: false, signalledFor: 0, exit: { code: 0, at: 0, cause: 'exit' } }
    case 'free':
      return { ...one, server: null }
    case 'remove':
      return null
    default:
      return one
  }
}

const NEW_SERVER: SeenServer = {
  admin: 'drain',
  health: 'checking',
  passedOnce: false,
  everywhere: true,
  inFlight: 0,
  streams: 0,
  check: '',
  outFor: 0,
  unreadyFor: 0,
  downFor: 0,
  idle: false,
  streamsClosed: false,
}
