import type { InstanceSpec, RuntimeInstance } from '../../src/domain/instance.ts'
import type { Clock, Runtime } from '../../src/rollout/ports.ts'
import { nothing } from './nothing.ts'

/** How the instances of a release behave, ms on the simulated clock. */
export interface Behaviour {
  /** Until it answers checks; null: never. */
  readonly bootMs: number | null
  /** Dies by itself this long after its start; null: lives. */
  readonly diesAfterMs: number | null
  /** From SIGTERM to its end; null: ignores SIGTERM. */
  readonly stopMs: number | null
}

export const GOOD: Behaviour = { bootMs: 300, diesAfterMs: null, stopMs: 20 }

interface Simulated {
  instance: RuntimeInstance
  readonly listensAt: number | null
}

/** Instances that boot, die and stop as their release's behaviour says. */
export class SimRuntime implements Runtime {
  readonly #clock: Clock
  readonly #behaviour: (release: number) => Behaviour
  readonly #instances = new Map<string, Simulated>()
  readonly #watchers = new Set<(appId: string) => void>()
  #port = 20_000
  /** A fault: nobody is told of what ends. */
  silent = false
  /** How long a release command takes, ms. */
  releasePhaseMs = 50
  /** Called with each instance that ends, and whether the platform had told it to. */
  onEnd: (id: string, told: boolean) => void = nothing

  constructor(clock: Clock, behaviour: (release: number) => Behaviour) {
    this.#clock = clock
    this.#behaviour = behaviour
  }

  all(): RuntimeInstance[] {
    return [...this.#instances.values()].map((one) => one.instance)
  }

  /** Would it answer a request now? */
  answers(id: string): boolean {
    const one = this.#instances.get(id)
    return (
      one?.instance.state === 'running' && one.listensAt !== null && this.#clock.monotonic() >= one.listensAt
    )
  }

  /** A fault: it dies now, untold. */
  crash(id: string): void {
    this.#end(id, 137)
  }

  async start(spec: InstanceSpec): Promise<void> {
    if (this.#instances.has(spec.id)) return
    const now = this.#clock.monotonic()
    const { bootMs, diesAfterMs } = this.#behaviour(spec.release)
    const instance: RuntimeInstance = {
      id: spec.id,
      kind: spec.kind,
      appId: spec.appId,
      type: spec.type,
      name: spec.name,
      release: spec.release,
      generation: spec.generation,
      size: spec.size.name,
      state: 'running',
      address: spec.kind === 'formation' ? { host: '127.0.0.1', port: this.#port++ } : null,
      privateAddress: null,
      pid: 1,
      startedAt: this.#clock.wall(),
      signalledAt: null,
      exit: null,
    }
    this.#instances.set(spec.id, { instance, listensAt: bootMs === null ? null : now + bootMs })
    if (diesAfterMs !== null) this.#clock.timer(diesAfterMs, () => this.#end(spec.id, 1))
    if (spec.kind === 'release-phase') this.#clock.timer(this.releasePhaseMs, () => this.#end(spec.id, 0))
  }

  async signal(id: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const one = this.#instances.get(id)
    if (one?.instance.state !== 'running') return
    one.instance = { ...one.instance, signalledAt: one.instance.signalledAt ?? this.#clock.wall() }
    const stopMs = signal === 'SIGKILL' ? 1 : this.#behaviour(one.instance.release).stopMs
    if (stopMs !== null) this.#clock.timer(stopMs, () => this.#end(id, 143))
  }

  async preStop(): Promise<void> {
    await new Promise<void>((resolve) => this.#clock.timer(30, resolve))
  }

  async remove(id: string): Promise<void> {
    this.#end(id, 137)
    this.#instances.delete(id)
  }

  async list(appId?: string): Promise<RuntimeInstance[]> {
    return this.all().filter((one) => appId === undefined || one.appId === appId)
  }

  watch(changed: (appId: string) => void): () => void {
    this.#watchers.add(changed)
    return () => this.#watchers.delete(changed)
  }

  async prepare(): Promise<void> {
    await new Promise<void>((resolve) => this.#clock.timer(5, resolve))
  }

  async headroom(): Promise<{ freeBytes: number; totalBytes: number }> {
    return { freeBytes: 8e9, totalBytes: 16e9 }
  }

  async tail(): Promise<string[]> {
    return ['it said so']
  }

  #end(id: string, code: number): void {
    const one = this.#instances.get(id)
    if (one?.instance.state !== 'running') return
    one.instance = { ...one.instance, state: 'exited', exit: { code, at: this.#clock.wall(), cause: 'exit' } }
    this.onEnd(id, one.instance.signalledAt !== null)
    if (!this.silent) for (const watcher of this.#watchers) watcher(one.instance.appId)
  }
}
