import type { RuntimeInstance } from '../domain/instance.ts'
import type { Engine } from '../rollout/engine.ts'
import type { Runtime } from '../rollout/ports.ts'
import type { HaltingStore } from './halting-store.ts'

/** Longest that the end of all instances may take, ms: drain, stop and a margin. */
const LIMIT_MS = 120_000
const LOOK_MS = 100

/**
 * Drains and ends every instance of every app; what does not end in time is killed. The apps stay in the store. Hosts that do
 * not answer are left as they are.
 */
export async function endAllInstances(
  engine: Engine,
  halting: HaltingStore,
  runtime: Runtime,
): Promise<void> {
  halting.halt()
  const until = Date.now() + LIMIT_MS
  for (const appId of await halting.store.apps()) engine.poke(appId)
  while ((await within(runtime)).length > 0 && Date.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    for (const one of await within(runtime)) if (one.kind === 'one-off') await runtime.remove(one.id)
  }
  for (const one of await within(runtime)) await runtime.remove(one.id)
}

async function within(runtime: Runtime): Promise<RuntimeInstance[]> {
  return (await runtime.list()).filter(({ unreachable }) => !unreachable)
}
