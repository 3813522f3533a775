import { cp, lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { TestServer } from '../harness/index.ts'
import { ChaosApp } from './app.ts'
import { Client } from './client.ts'
import { CommandDraw, FaultDraw } from './draw.ts'
import { bystanderDeploy, FaultLane } from './faults.ts'
import { AppLane } from './lane.ts'
import { type EndedRollout, Ledger } from './ledger.ts'
import type { ChaosOptions } from './options.ts'
import { PatientApi } from './patient.ts'
import { type Judged, judge } from './summary.ts'

/** Two, so that a fault of one would show at the other. */
const APPS = ['first', 'second'] as const
/** A load that nobody ends any more ends by itself so long after its time. */
const GRACE_SECONDS = 1_800
/** What a client sees for certain once the last rollout is over. */
const AFTERWARDS_MS = 2_000

export interface Run extends Judged {
  readonly ledger: Ledger
  /** The end of the control plane's log. */
  readonly log: string
}

/** `tell` is called for each rollout as it ends, with what all clients have counted so far. */
type Tell = (rollout: EndedRollout, served: number, lost: number) => void

/**
 * One run: begins, ends and cleans up by itself. Once `signal` is aborted everything is dropped and it rejects, with nothing
 * left behind.
 */
export async function runChaos(options: ChaosOptions, tell: Tell, signal: AbortSignal): Promise<Run> {
  const server = await TestServer.start()
  const clients: Client[] = []
  const served = () => clients.reduce((sum, client) => sum + client.served, 0)
  const lost = () => clients.reduce((sum, client) => sum + client.lost, 0)
  const ledger = new Ledger((rollout) => tell(rollout, served(), lost()))
  try {
    const world = await build(server, options, ledger, signal)
    for (const app of world.apps) {
      const maxSeconds = options.minutes * 60 + GRACE_SECONDS
      clients.push(await Client.start(app, server.url, options.rate / APPS.length, maxSeconds))
    }
    await play(world, options, ledger, signal)
    for (const lane of world.lanes) await lane.crashesBetween(server.directory)
    const counted = await Promise.all(clients.map((client) => client.stop()))
    const judged = judge(options, ledger, counted)
    if (!judged.summary.ok && options.keep !== null)
      await cp(join(server.directory, 'data'), options.keep, { recursive: true, filter: isFileOrDirectory })
    return { ...judged, ledger, log: server.log() }
  } finally {
    await Promise.all(clients.map((client) => client.leave()))
    await server.close()
  }
}

/** Sockets can not be copied. */
async function isFileOrDirectory(path: string): Promise<boolean> {
  const found = await lstat(path)
  return found.isFile() || found.isDirectory()
}

interface World {
  readonly apps: readonly ChaosApp[]
  readonly lanes: readonly AppLane[]
  readonly faults: FaultLane
}

async function build(
  server: TestServer,
  { seed, routerKills }: ChaosOptions,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<World> {
  const api = new PatientApi(server, signal)
  const apps: ChaosApp[] = []
  for (const name of APPS) apps.push(await ChaosApp.create(server, api, name))
  const lanes = apps.map((app, index) => new AppLane(app, api, new CommandDraw(seed, index), ledger))
  for (const lane of lanes) await lane.begin()
  const bystander = await ChaosApp.create(server, api, 'bystander')
  await bystander.ask(bystanderDeploy(1))
  const draw = new FaultDraw(seed, apps.length, routerKills)
  return { apps, lanes, faults: new FaultLane(server, apps, bystander, draw, ledger) }
}

/** What fails on the way is a finding, and ends the run. */
async function play(
  { lanes, faults }: World,
  { minutes }: ChaosOptions,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<void> {
  const end = performance.now() + minutes * 60_000
  let failed = false
  const over = () => failed || signal.aborted || performance.now() > end
  const all = [faults.run(over), ...lanes.map((lane) => lane.run(over))]
  await Promise.all(
    all.map((lane) =>
      lane.catch((error: Error) => {
        failed = true
        if (!signal.aborted) ledger.find(error.message)
      }),
    ),
  )
  signal.throwIfAborted()
  await pause(AFTERWARDS_MS)
}
