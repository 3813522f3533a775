/** `npm run bench`: measures, side by side in one run, and writes docs/benchmarks.md. Takes less than 8 minutes; needs Linux. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TestServer } from '../test/harness/index.ts'
import { page } from './document.ts'
import { measureDuring } from './during.ts'
import { machineFacts } from './machine.ts'
import { measureOverhead } from './overhead.ts'
import { runRecipe } from './recipe.ts'
import { measureRest } from './rest.ts'
import { FAST, measureThroughput, ORDINARY } from './throughput.ts'
import { Workspace } from './workspace.ts'

const PAGE = join(import.meta.dirname, '..', 'docs', 'benchmarks.md')

/** Ctrl-C ends as everything else does: what was started is ended on exit. */
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))

const started = performance.now()

async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  const begun = performance.now()
  console.log(`bench  ${name} …`)
  const result = await work()
  console.log(`bench  ${name}: ${((performance.now() - begun) / 1_000).toFixed(0)} s`)
  return result
}

async function withServer<T>(work: (server: TestServer) => Promise<T>): Promise<T> {
  const server = await TestServer.start({ flags: ['--log-level', 'warn'] })
  try {
    return await work(server)
  } catch (error) {
    console.error(server.log())
    throw error
  } finally {
    await server.close()
  }
}

async function withWorkspace<T>(work: (workspace: Workspace) => Promise<T>): Promise<T> {
  const workspace = await Workspace.make()
  try {
    return await work(workspace)
  } finally {
    await workspace.close()
  }
}

if (process.platform !== 'linux') throw new Error('The benchmarks read /proc: they need Linux.')
const machine = machineFacts()
const recipe = await step('fixed-sleep recipe', () => withWorkspace(runRecipe))
const rest = await step('control plane at rest', () => withServer(measureRest))
const busy = await withServer(async (server) => ({
  fast: await step('router before a fast app', () =>
    withWorkspace((workspace) => measureThroughput(server, workspace, FAST)),
  ),
  ordinary: await step('router before an ordinary app', () =>
    withWorkspace((workspace) => measureThroughput(server, workspace, ORDINARY)),
  ),
  overhead: await step('overhead of rollouts', () => measureOverhead(server)),
  during: await step('latency during rollouts', () => measureDuring(server)),
}))
const minutes = (performance.now() - started) / 60_000
const text = page({ machine, recipe, rest, ...busy, minutes })
writeFileSync(PAGE, text)
console.log(`\n${text}`)
