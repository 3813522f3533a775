/**
 * `npm run bench:hosts`: how long a deploy over two Docker hosts takes beside the recipe with fixed sleeps, what goes over SSH
 * for it, and what each of ten hosts costs the control plane. Prints the figures; takes about 2 minutes; needs the lab.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Subject } from '../test/e2e/subject.ts'
import { LabFleet } from '../test/lab/fleet.ts'
import { Lab } from '../test/lab/lab.ts'
import { MODEST } from '../test/lab/under-faults.ts'
import { startLoad } from '../test/load/index.ts'
import { median } from './measure.ts'
import { cpuMs, rssMiB } from './proc.ts'
import { RECIPE } from './recipe.ts'

const BOOT_MS = 500
const ROUNDS = 6
const REST_MS = 20_000
const MANY = 10

interface Rest {
  readonly mib: number
  /** Of one core, in percent. */
  readonly cpu: number
  /** Calls over SSH a second, all hosts together. */
  readonly calls: number
}

const whyNot = Lab.whyNot()
if (whyNot) throw new Error(`There can be no lab here: ${whyNot}.`)

const fleet = await LabFleet.start({ hosts: 2, flags: ['--log-level', 'warn'] })
try {
  const settings = { bake_seconds: 0, pre_stop: null }
  const files = { Procfile: `web: BEHAVIOUR=slow-boot BOOT_MS=${BOOT_MS} exec node server.js\n` }
  const subject = await fleet.subject({ settings, files })
  await subject.deploy({}, {}, { note: 'the second of the two' })
  const two = await atRest()
  await measureDeploys(subject, two.calls)
  await fleet.lab.grow(MANY)
  for (const host of fleet.lab.hosts.slice(2)) await fleet.add(host)
  tellCost(two, await atRest())
} catch (error) {
  console.error(fleet.server.log())
  throw error
} finally {
  await fleet.close()
}

/** From the command to its end, back and forth between two releases whose images the hosts have. */
async function measureDeploys(subject: Subject, callsAtRest: number): Promise<void> {
  const load = await startLoad({ url: fleet.server.url, host: subject.app.host, ...MODEST })
  const took: number[] = []
  const calls: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const before = await sshCalls()
    const started = performance.now()
    await subject.app.must(['rollback'])
    const ms = performance.now() - started
    took.push(ms)
    await fleet.whole(subject, 2)
    const seconds = (performance.now() - started) / 1_000
    calls.push((await sshCalls()) - before - callsAtRest * seconds)
  }
  const { sent, lost } = await load.stop()
  const recipe = (RECIPE.hosts * (RECIPE.failMs + RECIPE.passMs)) / 1_000
  console.log(`deploy over two hosts: median ${fixed(median(took) / 1_000)} s of ${ROUNDS}`)
  console.log(`  each: ${took.map((ms) => fixed(ms / 1_000)).join(' ')} s; the app boots in ${BOOT_MS} ms`)
  console.log(`  the recipe with fixed sleeps: ${recipe} s of sleeping alone`)
  console.log(`  ${sent} requests meanwhile, ${lost} lost`)
  console.log(`SSH calls for one instance's hand-over: median ${fixed(median(calls) / 2)}`)
}

function tellCost(two: Rest, many: Rest): void {
  const more = MANY - 2
  const per = (one: number, other: number) => fixed((other - one) / more)
  console.log(`control plane at rest, with 2 hosts: ${shown(two)}; with ${MANY}: ${shown(many)}`)
  console.log(`  a further host: ${per(two.mib, many.mib)} MiB, ${per(two.cpu, many.cpu)} % of a core`)
}

async function atRest(): Promise<Rest> {
  const { pid } = fleet.server
  const before = { cpu: cpuMs([pid]), calls: await sshCalls() }
  await pause(REST_MS)
  const seconds = REST_MS / 1_000
  return {
    mib: rssMiB(pid),
    cpu: (cpuMs([pid]) - before.cpu) / seconds / 10,
    calls: ((await sshCalls()) - before.calls) / seconds,
  }
}

async function sshCalls(): Promise<number> {
  const hosts: { ssh_calls: number | null }[] = await fleet.server.get('/tasuki/hosts')
  return hosts.reduce((sum, host) => sum + (host.ssh_calls ?? 0), 0)
}

function shown({ mib, cpu, calls }: Rest): string {
  return `${fixed(mib)} MiB, ${fixed(cpu)} % of a core, ${fixed(calls)} SSH calls/s`
}

function fixed(value: number): string {
  return value.toFixed(value < 10 ? 2 : 0)
}
