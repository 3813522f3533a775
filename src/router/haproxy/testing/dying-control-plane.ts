import fs from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'
import type { Assignment, BackendKey } from '../../../rollout/ports.ts'
import type { RouterOptions } from '../router.ts'

/** What the control plane of `crash.test.ts` does, and before which of its effects on the world it dies. */
export interface DyingPlan {
  readonly options: Omit<RouterOptions, 'log'>
  readonly key: BackendKey
  readonly next: Assignment
  readonly previous: string
  /** 1: before the first message to HAProxy or the first file put in place; more than there are: not at all. */
  readonly dieBefore: number
}

const plan = JSON.parse(process.argv[2]!) as DyingPlan
let effects = 0
let counting = false

countCalls(fs, 'rename')
countCalls(net, 'connect')
syncBuiltinESMExports()
// After the functions that it uses have been replaced.
const { HaproxyRouter } = await import('../router.ts')
await handOver()

/** Ends this process, as a power cut would, before the call that has the number. */
function countCalls<K extends string>(owner: Record<K, unknown>, name: K): void {
  const real = owner[name] as (...words: unknown[]) => unknown
  owner[name] = (...words: unknown[]) => {
    if (counting) effects += 1
    if (counting && effects === plan.dieBefore) process.kill(process.pid, 'SIGKILL')
    return real(...words)
  }
}

async function handOver(): Promise<void> {
  const { key, next, previous } = plan
  const silent = () => undefined
  const router = new HaproxyRouter({ ...plan.options, log: { info: silent, warn: silent, error: silent } })
  await router.start()
  counting = true
  await router.assign(key, next)
  counting = false
  while (!(await isUp())) await new Promise((go) => setTimeout(go, 10))
  counting = true
  await router.admit(key, next.instance, 100)
  await router.drain(key, previous)
  await router.park(key, previous)
  await router.free(key, previous)
  await router.close()

  async function isUp(): Promise<boolean> {
    const view = await router.observe(key)
    return view?.servers.find(({ instance }) => instance === next.instance)?.health === 'up'
  }
}
