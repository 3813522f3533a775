import { routerContract, type TestInstance } from '../../src/router/contract.ts'
import { runtimeContract, specOf } from '../../src/runtime/contract.ts'
import { SimClock } from './core/clock.ts'
import { Random } from './core/random.ts'
import { type Behaviour, GOOD } from './world/behaviour.ts'
import { SimRouter } from './world/router.ts'
import { SimRuntime } from './world/runtime.ts'

const ARTIFACT = 'sha256:any'

for (const nodes of [1, 3]) {
  routerContract(`${nodes} simulated router${nodes > 1 ? 's' : ''}`, async () => {
    const { clock, runtime } = machine()
    return {
      router: new SimRouter(clock, runtime, nodes),
      instance: () => instance(runtime),
      until: async (what, holds) => {
        for (let waited = 0; !(await holds()); waited += 50) {
          if (waited > 60_000) throw new Error(`It never came to pass that ${what}`)
          clock.pass(50)
        }
      },
      close: async () => undefined,
    }
  })
}

async function instance(runtime: SimRuntime): Promise<TestInstance> {
  const spec = specOf(ARTIFACT, 'serve')
  await runtime.start(spec)
  const one = runtime.get(spec.id)!
  return {
    id: spec.id,
    address: one.info.address!,
    healthy: (passes) => {
      one.sickUntil = passes ? 0 : Number.POSITIVE_INFINITY
    },
  }
}

runtimeContract('of the simulation', async () => {
  const { clock, runtime } = machine()
  runtime.behaviourOf = (spec) => ({ ...GOOD, ...BY_COMMAND[spec.command.split(' ')[0]!]?.(spec.command) })
  return {
    runtime,
    commands: { serve: 'serve', stubborn: 'stubborn', exit: (status) => `exit ${status}` },
    artifact: ARTIFACT,
    time: { now: () => clock.wall(), pause: async (ms) => clock.pass(ms) },
    close: async () => undefined,
  }
})

const BY_COMMAND: Record<string, (command: string) => Partial<Behaviour>> = {
  serve: () => ({ says: 'serving' }),
  stubborn: () => ({ says: 'stubborn', stopMs: null }),
  exit: (command) => ({ says: 'hello', crashAfterMs: 20, crashStatus: Number(command.split(' ')[1]) }),
}

function machine(): { clock: SimClock; runtime: SimRuntime } {
  const clock = new SimClock()
  const runtime = new SimRuntime(clock, new Random(1))
  runtime.artifacts.add(ARTIFACT)
  return { clock, runtime }
}
