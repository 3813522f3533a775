import { setTimeout as pause } from 'node:timers/promises'
import { type TestServer, until } from '../test/harness/index.ts'
import { type LoadReport, startLoad } from '../test/load/index.ts'
import { type FinishedRollout, Hello, type WindowView } from './hello.ts'
import { medianOf } from './measure.ts'

const ROUNDS = 3
const RATE = 500
/** As long as the receipt's own window before a rollout, so that it holds nothing of the rollout before. */
const BEFORE_MS = 30_000

/** p50 and p99 in ms, medians over the rounds. */
interface Latency {
  readonly p50: number
  readonly p99: number
}

export interface During {
  readonly rounds: number
  readonly rate: number
  readonly client: { readonly before: Latency; readonly during: Latency; readonly ratio: number }
  readonly receipt: { readonly before: Latency; readonly during: Latency; readonly ratio: number }
  readonly sent: number
  readonly lost: number
}

interface Round {
  readonly before: LoadReport
  readonly during: LoadReport
  readonly rollout: FinishedRollout
}

/**
 * Latency while two instances are handed over, with the default settings, against that of the half minute before. The
 * hand-over is a restart: the same as a deploy's, without a build beside it.
 */
export async function measureDuring(server: TestServer): Promise<During> {
  const hello = await Hello.create(server, 'during', 2, { bake_seconds: 1 })
  const rounds: Round[] = []
  for (let round = 0; round < ROUNDS; round++) rounds.push(await measure(server, hello))
  await hello.destroy()
  const loads = rounds.flatMap(({ before, during }) => [before, during])
  return {
    rounds: ROUNDS,
    rate: RATE,
    client: compared(
      rounds,
      ({ before }) => before,
      ({ during }) => during,
    ),
    receipt: compared(
      rounds,
      ({ rollout }) => whole(rollout.receipt.traffic.before),
      ({ rollout }) => whole(rollout.receipt.traffic.during),
    ),
    sent: loads.reduce((sum, load) => sum + load.sent, 0),
    lost: loads.reduce((sum, load) => sum + load.lost, 0),
  }
}

async function measure(server: TestServer, hello: Hello): Promise<Round> {
  const load = { url: server.url, host: hello.app.host, rates: { get: RATE } }
  const first = await startLoad(load)
  await pause(BEFORE_MS)
  const second = await startLoad(load)
  const before = await first.stop()
  const { status, body } = await server.call('POST', `/tasuki/apps/${hello.app.name}/restart`, {})
  if (status >= 300) throw new Error(`restart: ${status} ${JSON.stringify(body)}`)
  await until('the switch', async () => {
    const rollout = await server.get(`/tasuki/rollouts/${body.rollout_id}`)
    return rollout.status !== 'running' || rollout.phase === 'bake' || rollout.phase === 'clean-up'
  })
  const during = await second.stop()
  return { before, during, rollout: await hello.newest() }
}

function whole(window: WindowView): Latency {
  const { p50, p99 } = window
  if (p50 === null || p99 === null) throw new Error('a window of the receipt has no requests')
  return { p50, p99 }
}

function compared(
  rounds: readonly Round[],
  beforeOf: (round: Round) => Latency,
  duringOf: (round: Round) => Latency,
): During['client'] {
  return {
    before: latency(rounds.map(beforeOf)),
    during: latency(rounds.map(duringOf)),
    ratio: medianOf(rounds, (round) => duringOf(round).p99 / beforeOf(round).p99),
  }
}

function latency(all: readonly Latency[]): Latency {
  return { p50: medianOf(all, (one) => one.p50), p99: medianOf(all, (one) => one.p99) }
}
