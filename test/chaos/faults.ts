import { setTimeout as pause } from 'node:timers/promises'
import { processOfInstanceId, routerProcesses, signal, type TestServer, until } from '../harness/index.ts'
import { visit } from '../harness/visit.ts'
import type { ChaosApp } from './app.ts'
import type { Command, Fault, FaultDraw } from './draw.ts'
import type { Ledger } from './ledger.ts'

/** Between two looks whether the time is over, ms. */
const LOOK_MS = 200

/** Makes things go wrong, one after the other. */
export class FaultLane {
  readonly #server: TestServer
  readonly #apps: readonly ChaosApp[]
  readonly #bystander: ChaosApp
  readonly #draw: FaultDraw
  readonly #ledger: Ledger
  #reloading: Promise<void> | null = null
  #reloads = 0

  constructor(
    server: TestServer,
    apps: readonly ChaosApp[],
    bystander: ChaosApp,
    draw: FaultDraw,
    ledger: Ledger,
  ) {
    this.#server = server
    this.#apps = apps
    this.#bystander = bystander
    this.#draw = draw
    this.#ledger = ledger
  }

  /** Until it is told that the time is over. Whatever it stopped goes on by then. */
  async run(over: () => boolean): Promise<void> {
    while (!over()) {
      const { afterMs, fault } = this.#draw.next()
      const at = performance.now() + afterMs
      while (performance.now() < at && !over()) await pause(Math.min(LOOK_MS, afterMs))
      if (over()) break
      await this.#make(fault)
    }
    await this.#reloading
  }

  #make(fault: Fault): Promise<void> {
    if (!this.#server.running) throw new Error(`the control plane ended by itself:\n${this.#server.log()}`)
    if (fault.do === 'kill control plane') return this.#killControlPlane(fault.downMs)
    if (fault.do === 'freeze control plane') return this.#freeze(fault.ms)
    if (fault.do === 'kill instance') return this.#killInstance(fault.app, fault.which)
    if (fault.do === 'kill router') return this.#killRouter()
    this.#reload()
    return Promise.resolve()
  }

  async #killControlPlane(downMs: number): Promise<void> {
    this.#ledger.fault('kill control plane', `SIGKILL of the control plane, away for ${downMs} ms`)
    const from = Date.now()
    await this.#server.kill()
    await pause(downMs)
    await this.#server.restart()
    this.#ledger.absences.push({ from, to: Date.now() })
    this.#ledger.timeline.note('the control plane answers again')
  }

  async #freeze(ms: number): Promise<void> {
    const { pid } = this.#server
    this.#ledger.fault('freeze control plane', `SIGSTOP of the control plane for ${ms} ms`)
    const from = Date.now()
    signal(pid, 'SIGSTOP')
    try {
      await pause(ms)
    } finally {
      signal(pid, 'SIGCONT')
      this.#ledger.absences.push({ from, to: Date.now() })
    }
  }

  /** Never the last that serves, and none beside one that crashes by itself. */
  async #killInstance(which: number, number: number): Promise<void> {
    const app = this.#apps[which % this.#apps.length]!
    const dynos = (await app.dynos()).filter(({ type }) => type === 'web')
    const kinds = await Promise.all(dynos.map(({ release }) => app.kindOf(release.version)))
    const serving = dynos.filter(
      ({ state, tasuki }) => state === 'up' && tasuki.admin === 'ready' && tasuki.health === 'up',
    )
    const victim = serving[number % serving.length]
    const pid = victim && processOfInstanceId(this.#server.directory, victim.tasuki.instance)
    if (!victim || !pid || serving.length < 2 || kinds.includes('crashes in the bake')) {
      this.#ledger.timeline.note(`${app.name}: no instance is killed now: ${serving.length} serve`)
      return
    }
    const { instance } = victim.tasuki
    const { name, release } = victim
    const from = Date.now()
    this.#ledger.fault(
      'kill instance',
      `${app.name}: SIGKILL of ${name} of v${release.version} (${instance}), one of ${serving.length}`,
    )
    signal(pid, 'SIGKILL')
    this.#ledger.deaths.push({ app: app.name, instance, from, to: Date.now() })
  }

  async #killRouter(): Promise<void> {
    const { directory, url } = this.#server
    const from = Date.now()
    this.#ledger.fault('kill router', 'SIGKILL of HAProxy')
    for (const pid of routerProcesses(directory)) signal(pid, 'SIGKILL')
    const { host } = this.#apps[0]!
    await until('HAProxy to serve again', () =>
      visit(url, host, '/').then(
        ({ status }) => status === 200,
        () => false,
      ),
    )
    this.#ledger.outages.push({ from, to: Date.now() })
  }

  /** Each deploy of the third app has another interval of checks, which is in the configuration of the router. */
  #reload(): void {
    if (this.#reloading) return
    this.#ledger.fault('reload router', 'a deploy of another app makes HAProxy reload')
    const command = bystanderDeploy(1 + ++this.#reloads / 1_000)
    this.#reloading = this.#bystander.ask(command).then(() => {
      this.#reloading = null
    })
    // Awaited in `run`; must not end the process before.
    this.#reloading.catch(() => undefined)
  }
}

/** A deploy of an app that nobody visits. */
export function bystanderDeploy(checkSeconds: number): Command {
  const steady = { strategy: 'rolling', surge: 1, onTerm: 'exit-at-once', bakeSeconds: 0 } as const
  return { do: 'deploy', build: 'good', ...steady, checkSeconds }
}
