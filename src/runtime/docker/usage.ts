import type { InstanceId } from '../../domain/instance.ts'
import { Places } from '../../ssh/places.ts'
import { ask, LIMITS, statusOf } from './calls.ts'
import type { DockerHost } from './host.ts'
import type { Seen } from './seen.ts'

const SIDE_BY_SIDE = 32

/** Bytes of memory that a container uses, without what the kernel would give back at once; 0 when it does not run. */
async function memoryOf(host: DockerHost, { container }: Seen): Promise<number> {
  try {
    const { memory_stats: memory } = await ask(host, LIMITS.look, (abortSignal) =>
      host.docker.getContainer(container).stats({ stream: false, 'one-shot': true, abortSignal } as {
        stream: false
        'one-shot': true
      }),
    )
    // The first is the name under the first version of cgroups, the second under the second.
    const idle = memory.stats?.total_inactive_file ?? memory.stats?.inactive_file ?? 0
    return Math.max(0, (memory.usage ?? 0) - idle)
  } catch (error) {
    if (statusOf(error) === 404 || statusOf(error) === 409) return 0
    throw error
  }
}

/**
 * What instances use, as it was measured last. Docker takes a second to measure, which nobody is to wait for who starts
 * one: so each is measured once it runs, and whenever somebody asks for all.
 */
export class MemoryUse {
  readonly #host: DockerHost
  readonly #bytes = new Map<InstanceId, { readonly appId: string; readonly bytes: number }>()

  constructor(host: DockerHost) {
    this.#host = host
  }

  async measure(seen: Seen): Promise<number> {
    const bytes = await memoryOf(this.#host, seen)
    if (bytes > 0) this.#bytes.set(seen.id, { appId: seen.appId, bytes })
    return bytes
  }

  /** Bytes that the running ones of each app use together. */
  async byApp(all: readonly Seen[]): Promise<Map<string, number>> {
    const places = new Places(SIDE_BY_SIDE)
    const used = new Map<string, number>()
    const running = all.filter(({ state }) => state === 'running')
    const bytes = await Promise.all(running.map((seen) => places.within(() => this.measure(seen))))
    for (const [at, { appId }] of running.entries()) used.set(appId, (used.get(appId) ?? 0) + bytes[at]!)
    return used
  }

  /** The most that an instance of the app was measured to use, in bytes; null when none was. */
  most(appId: string): number | null {
    const known = [...this.#bytes.values()].filter((one) => one.appId === appId).map(({ bytes }) => bytes)
    return known.length === 0 ? null : Math.max(...known)
  }

  forget(id: InstanceId): void {
    this.#bytes.delete(id)
  }
}
