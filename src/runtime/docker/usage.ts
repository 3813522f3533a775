import { Places } from '../../ssh/places.ts'
import { ask, LIMITS, statusOf } from './calls.ts'
import type { DockerHost } from './host.ts'
import type { Seen } from './seen.ts'

const SIDE_BY_SIDE = 8

/** Instances that stand for the others of their app. */
const MOST_MEASURED = 2

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

/** Bytes that the running ones of each app use together. */
export async function memoryByApp(host: DockerHost, all: readonly Seen[]): Promise<Map<string, number>> {
  const places = new Places(SIDE_BY_SIDE)
  const used = new Map<string, number>()
  const running = all.filter(({ state }) => state === 'running')
  const bytes = await Promise.all(running.map((seen) => places.within(() => memoryOf(host, seen))))
  for (const [at, { appId }] of running.entries()) used.set(appId, (used.get(appId) ?? 0) + bytes[at]!)
  return used
}

/** The most that an instance of the app uses now, in bytes; null when none runs. */
export async function mostUsed(
  host: DockerHost,
  all: readonly Seen[],
  appId: string,
): Promise<number | null> {
  const mine = all.filter(
    (seen) => seen.appId === appId && seen.kind === 'formation' && seen.state === 'running',
  )
  const bytes = await Promise.all(mine.slice(0, MOST_MEASURED).map((seen) => memoryOf(host, seen)))
  return bytes.length === 0 ? null : Math.max(...bytes)
}
