import type { TestServer } from '../test/harness/index.ts'
import { startLoad } from '../test/load/index.ts'
import { type FinishedRollout, Hello, LIGHT } from './hello.ts'
import { median, medianOf } from './measure.ts'

interface Scenario {
  readonly strategy: 'preboot' | 'rolling'
  readonly instances: number
  /** Instances above the quantity while rolling. */
  readonly surge?: number
  /** Batches that follow from it: one rollout's overhead is spread over them. */
  readonly batches: number
  readonly deploys: number
}

const SCENARIOS: readonly Scenario[] = [
  { strategy: 'preboot', instances: 2, batches: 1, deploys: 5 },
  { strategy: 'preboot', instances: 10, batches: 1, deploys: 3 },
  { strategy: 'rolling', instances: 2, batches: 1, deploys: 5 },
  { strategy: 'rolling', instances: 4, surge: 1, batches: 4, deploys: 3 },
]

/** Long enough to be a bake; it does not count as overhead. */
const BAKE_SECONDS = 1

export interface OverheadRow extends Scenario {
  /** Medians over the deploys, ms. `overheadMs` is of the whole rollout. */
  readonly overheadMs: number
  readonly worstOverheadMs: number
  readonly totalMs: number
  /** From the spawn of an instance to the first check that it passed. */
  readonly bootMs: number
  /** Requests of the independent client meanwhile. */
  readonly sent: number
  readonly lost: number
}

/** What rollouts cost beside booting, waiting for requests in flight, and baking. */
export async function measureOverhead(server: TestServer): Promise<OverheadRow[]> {
  const rows: OverheadRow[] = []
  for (const scenario of SCENARIOS) rows.push(await measure(server, scenario))
  return rows
}

async function measure(server: TestServer, scenario: Scenario): Promise<OverheadRow> {
  const { strategy, instances, surge } = scenario
  const settings = { strategy, bake_seconds: BAKE_SECONDS, ...(surge === undefined ? {} : { surge }) }
  const hello = await Hello.create(server, `${strategy}-${instances}`, instances, settings)
  const load = await startLoad({ url: server.url, host: hello.app.host, ...LIGHT })
  const rollouts: FinishedRollout[] = []
  for (let deploy = 0; deploy < scenario.deploys; deploy++) rollouts.push(await hello.deploy())
  const { sent, lost } = await load.stop()
  await hello.destroy()
  const overheads = rollouts.map((rollout) => rollout.receipt.overhead_ms)
  return {
    ...scenario,
    overheadMs: median(overheads),
    worstOverheadMs: Math.max(...overheads),
    totalMs: medianOf(rollouts, totalMs),
    bootMs: median(rollouts.flatMap(bootTimes)),
    sent,
    lost,
  }
}

function totalMs(rollout: FinishedRollout): number {
  return Date.parse(rollout.finished_at) - Date.parse(rollout.started_at)
}

function bootTimes(rollout: FinishedRollout): number[] {
  return rollout.receipt.instances.flatMap(({ spawned, passing }) =>
    spawned === null || passing === null ? [] : [passing - spawned],
  )
}
