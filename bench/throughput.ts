import { setTimeout as pause } from 'node:timers/promises'
import { TestApp, type TestServer, until } from '../test/harness/index.ts'
import { visit } from '../test/harness/visit.ts'
import { appSource } from './hello.ts'
import { medianOf } from './measure.ts'
import { type Peer, startPeer, type Way } from './peers/peer.ts'
import { BARE_HAPROXY, PEERS } from './peers/peers.ts'
import { cpuMs, programOf } from './proc.ts'
import type { Workspace } from './workspace.ts'
import { type WrkResult, wrk } from './wrk.ts'

/** Many short turns: what else the machine does meanwhile then meets all ways alike. */
const ROUNDS = 8
const SECONDS = 2
/** Between two runs, so that the last lines of the log have been read before somebody else is measured. */
const PAUSE_MS = 300

interface Run extends WrkResult {
  /** Processor time for a request, µs: of the proxy, and of what reads its log. */
  readonly proxyMicros: number
  readonly controlMicros: number
}

/** Medians over the rounds of one way to the same backends. */
interface ThroughputRow extends Omit<Run, 'requests'> {
  readonly name: string
  /** Requests a second against those of bare HAProxy. */
  readonly ratio: number
}

export interface Throughput {
  readonly rounds: number
  readonly seconds: number
  readonly rows: readonly ThroughputRow[]
}

interface Contest {
  /** Source of the app whose instances are the backends of all: two of them, each telling its port at `/port`. */
  readonly source: string
  readonly peers: readonly Peer[]
  readonly withDirect: boolean
}

/** An app that costs next to nothing: what is measured are the proxies. */
export const FAST: Contest = { source: appSource('fast'), peers: PEERS, withDirect: true }

/** An app in Node that does nothing either: how much of that is left to see behind the least of real apps. */
export const ORDINARY: Contest = { source: appSource('hello'), peers: [BARE_HAPROXY], withDirect: false }

/** Tasuki's router against peers: the same two backend processes behind each, all in turn, round after round. */
export async function measureThroughput(
  server: TestServer,
  workspace: Workspace,
  contest: Contest,
): Promise<Throughput> {
  const app = await TestApp.create(server, { name: 'contest' })
  await app.mustDeploy(contest.source)
  const backends = await backendPorts(app)
  const peers = await Promise.all(contest.peers.map((peer) => startPeer(workspace, peer, backends)))
  const ways = [tasuki(server), ...peers, ...(contest.withDirect ? [direct(backends[0]!)] : [])]
  const runs = await rounds(ways, (way) => measured(way, workspace.directory, app.host))
  await app.must(['destroy', '--confirm', app.name])
  return { rounds: ROUNDS, seconds: SECONDS, rows: ways.map((way) => row(way.name, runs)) }
}

/** Each instance of the app tells its port; the router takes them in turn. */
async function backendPorts(app: TestApp): Promise<number[]> {
  const ports = new Set<number>()
  return until('both instances to have answered', async () => {
    ports.add(Number((await app.visit('/port')).body))
    return ports.size === 2 && [...ports]
  })
}

function tasuki(server: TestServer): Way {
  return {
    name: 'Tasuki',
    url: `${server.url}/`,
    processes: () => ({
      proxy: server.processes().filter((pid) => programOf(pid) === 'haproxy'),
      control: [server.pid],
    }),
  }
}

/** No proxy at all: one of the backends by itself. */
function direct(port: number): Way {
  return {
    name: 'one backend, no proxy',
    url: `http://127.0.0.1:${port}/`,
    processes: () => ({ proxy: [], control: [] }),
  }
}

type Rounds = readonly ReadonlyMap<string, Run>[]

/** Each round begins with another way, so that none is always measured after the same one. */
async function rounds(ways: readonly Way[], measure: (way: Way) => Promise<Run>): Promise<Rounds> {
  const all: Map<string, Run>[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const runs = new Map<string, Run>()
    for (let turn = 0; turn < ways.length; turn++) {
      const way = ways[(round + turn) % ways.length]!
      runs.set(way.name, await measure(way))
    }
    all.push(runs)
  }
  return all
}

async function measured(way: Way, directory: string, host: string): Promise<Run> {
  const answer = await visit(way.url, host, '/')
  if (answer.status !== 200) throw new Error(`${way.name} answers with ${answer.status}`)
  const { proxy, control } = way.processes()
  const before = [cpuMs(proxy), cpuMs(control)] as const
  const result = await wrk(directory, way.url, host, SECONDS)
  await pause(PAUSE_MS)
  const perRequest = (ms: number): number => (ms * 1_000) / result.requests
  return {
    ...result,
    proxyMicros: perRequest(cpuMs(proxy) - before[0]),
    controlMicros: perRequest(cpuMs(control) - before[1]),
  }
}

function row(name: string, all: Rounds): ThroughputRow {
  const of = (way: string, figure: (run: Run) => number): number =>
    medianOf(all, (round) => figure(round.get(way)!))
  const rate = (run: Run): number => run.requestsPerSecond
  return {
    name,
    ratio: of(name, rate) / of(BARE_HAPROXY.name, rate),
    requestsPerSecond: of(name, rate),
    p50: of(name, (run) => run.p50),
    p99: of(name, (run) => run.p99),
    proxyMicros: of(name, (run) => run.proxyMicros),
    controlMicros: of(name, (run) => run.controlMicros),
  }
}
