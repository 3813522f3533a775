import { parentPort, workerData } from 'node:worker_threads'
import { type Failure, runSeed, shrink } from './check.ts'
import { Coverage } from './core/coverage.ts'
import { inMacrotask } from './core/microtasks.ts'

/** What a worker of a series tells, some seeds at a time. */
export interface FromWorker {
  readonly seeds: number
  readonly coverage: Coverage['counts']
  /** ms of the processor. */
  readonly cpuMs: number
  readonly failure: Failure | null
}

/** What a worker of a series is to do. */
export interface Order {
  readonly from: number
  readonly step: number
  /** UTC ms; null: until `last`. */
  readonly until: number | null
  readonly last: number | null
}

const BATCH = 20
const order = workerData as Order
let stopped = false
parentPort!.on('message', () => {
  stopped = true
})

let seed = order.from
const due = () =>
  !stopped &&
  (order.until === null || Date.now() < order.until) &&
  (order.last === null || seed <= order.last)
while (due()) parentPort!.postMessage(await inMacrotask(batch))
parentPort!.close()

function batch(): FromWorker {
  const started = process.threadCpuUsage()
  const coverage = new Coverage()
  let seeds = 0
  let failure: Failure | null = null
  for (; seeds < BATCH && due() && failure === null; seeds++, seed += order.step) {
    const { scenario, result } = runSeed(seed)
    coverage.merge(result.coverage)
    if (result.violation) failure = shrink(seed, scenario, result.violation.rule)
  }
  const { user, system } = process.threadCpuUsage(started)
  return { seeds, coverage: coverage.counts, cpuMs: (user + system) / 1000, failure }
}
