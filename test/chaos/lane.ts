import { setTimeout as pause } from 'node:timers/promises'
import type { ChaosApp, RolloutView } from './app.ts'
import type { Claim, Death } from './books.ts'
import { type Command, type CommandDraw, tellCommand } from './draw.ts'
import { betweenRollouts, type Entry } from './journal.ts'
import type { Ledger } from './ledger.ts'
import type { PatientApi } from './patient.ts'

const POLL_MS = 250
/** A rollout that has no outcome within this time is a finding. */
const OUTCOME_MS = 180_000
const WHOLE_MS = 120_000
/** A control plane that is there sees a crash at the latest so long after it was, ms. */
const SEEN_AFTER_MS = 10_000

/** An app must end well whatever came before. */
const LAST: Command = {
  do: 'deploy',
  build: 'good',
  strategy: 'rolling',
  surge: '100%',
  onTerm: 'graceful',
  checkSeconds: 1,
  bakeSeconds: 1,
}

/** Asks one app for one thing after the other, and writes every rollout down that comes of it. */
export class AppLane {
  readonly #app: ChaosApp
  readonly #api: PatientApi
  readonly #draw: CommandDraw
  readonly #ledger: Ledger
  readonly #seen = new Set<string>()
  /** What was asked for, and since when, newest last. */
  readonly #asked: { readonly at: number; readonly command: string }[] = []

  constructor(app: ChaosApp, api: PatientApi, draw: CommandDraw, ledger: Ledger) {
    this.#app = app
    this.#api = api
    this.#draw = draw
    this.#ledger = ledger
  }

  /** The first deploy, without load: its rollout does not count. */
  async begin(): Promise<void> {
    await this.#app.ask(LAST)
    for (;;) {
      const rollouts = await this.#app.rollouts()
      if (rollouts.every(isOver)) {
        for (const { id } of rollouts) this.#seen.add(id)
        return
      }
      await pause(POLL_MS)
    }
  }

  /** Until it is told that the time is over; then a good deploy, after which exactly what is wanted must serve. */
  async run(over: () => boolean): Promise<void> {
    while (!over()) {
      const { command, hurryMs } = this.#draw.next()
      await this.#ask(command)
      if (hurryMs === null) await this.#settle(command)
      else await pause(hurryMs)
    }
    await this.#settle(null)
    await this.#ask(LAST)
    await this.#settle(null)
    await this.#whole()
  }

  async #ask(command: Command): Promise<void> {
    const told = tellCommand(command)
    this.#ledger.commands++
    this.#ledger.timeline.note(`${this.#app.name}: ${told}`)
    this.#asked.push({ at: Date.now(), command: told })
    if (!(await this.#app.ask(command)))
      this.#ledger.timeline.note(`${this.#app.name}: ${told}: nothing to do`)
  }

  async #settle(command: Command | null): Promise<void> {
    for (;;) {
      const open = await this.#collect()
      if (open.length === 0) break
      for (const { id } of open) await this.#over(id)
    }
    // Neither of these makes a rollout.
    if (command?.do === 'scale' || command?.do === 'restart one') await this.#counted()
  }

  /** Writes down what has ended; returns what has not. */
  async #collect(): Promise<RolloutView[]> {
    const rollouts = await this.#app.rollouts()
    const over = rollouts.filter((rollout) => isOver(rollout) && !this.#seen.has(rollout.id))
    // They come newest first.
    for (const rollout of over.reverse()) await this.#write(rollout)
    return rollouts.filter((rollout) => !isOver(rollout))
  }

  async #over(id: string): Promise<void> {
    const end = performance.now() + OUTCOME_MS
    while (!isOver(await this.#api.get(`/tasuki/rollouts/${id}`))) {
      if (performance.now() > end)
        throw new Error(`${this.#app.name}: rollout ${id} has no outcome after ${OUTCOME_MS / 1_000} s`)
      await pause(POLL_MS)
    }
  }

  async #write(rollout: RolloutView): Promise<void> {
    this.#seen.add(rollout.id)
    const journal: Entry[] = await this.#api.get(`/tasuki/rollouts/${rollout.id}/journal`)
    const from = Date.parse(rollout.started_at)
    const to = Date.parse(rollout.finished_at!)
    const build = await this.#app.kindOf(rollout.to)
    this.#ledger.deaths.push(...(await this.#crashes(journal)))
    const { complete, gaps } = rollout.receipt!.traffic
    this.#ledger.ended({
      id: rollout.id,
      app: this.#app.name,
      // The step that it came from; its own clock is the server's, which is ours.
      command: this.#asked.findLast(({ at }) => at <= from)?.command ?? 'of itself',
      strategy: rollout.strategy,
      outcome: rollout.status,
      reason: rollout.reason,
      build,
      from,
      to,
      claim: claimOf(rollout, journal, from, to),
      complete,
      gaps,
    })
  }

  /** Writes down what crashed while no rollout was under way: a release that crashes may be what one goes back to. */
  async crashesBetween(directory: string): Promise<void> {
    this.#ledger.deaths.push(...(await this.#crashes(betweenRollouts(directory, this.#app.name))))
  }

  /** Instances of a build that crashes, which ended without having been told to. */
  async #crashes(journal: readonly Entry[]): Promise<Death[]> {
    const told = new Set(
      journal.filter(({ kind }) => kind === 'terminate' || kind === 'kill').map(({ instance }) => instance),
    )
    const deaths: Death[] = []
    for (const { kind, instance, release, at } of journal) {
      if (kind !== 'exited' || instance === null || release === null || told.has(instance)) continue
      if ((await this.#app.kindOf(release)) !== 'crashes in the bake') continue
      const to = Date.parse(at)
      deaths.push({ app: this.#app.name, instance, from: this.#ledger.since(to, SEEN_AFTER_MS), to })
    }
    return deaths
  }

  /** Waits until as many are up as are wanted, of whatever release. */
  async #counted(): Promise<void> {
    await this.#instances((up, all) => up.length === this.#app.wanted && all === up.length)
  }

  /** Waits until exactly what is wanted is up, of one release, and of no other. */
  async #whole(): Promise<void> {
    await this.#instances(
      (up, all) =>
        up.length === this.#app.wanted &&
        all === up.length &&
        new Set(up.map(({ release }) => release.version)).size === 1 &&
        up.every(({ tasuki }) => tasuki.admin === 'ready' && tasuki.health === 'up'),
    )
  }

  async #instances(
    enough: (up: Awaited<ReturnType<ChaosApp['dynos']>>, all: number) => boolean,
  ): Promise<void> {
    const end = performance.now() + WHOLE_MS
    for (;;) {
      const dynos = await this.#app.dynos()
      const up = dynos.filter(({ state, type }) => state === 'up' && type === 'web')
      if (enough(up, dynos.length)) return
      if (performance.now() > end) {
        const seen = dynos.map(
          ({ name, state, release, tasuki }) =>
            `${name} v${release.version} ${state} ${tasuki.admin}/${tasuki.health}`,
        )
        throw new Error(`${this.#app.name}: wanted ${this.#app.wanted} of web, there are ${seen.join(', ')}`)
      }
      await pause(POLL_MS)
    }
  }
}

function isOver(rollout: RolloutView): boolean {
  return rollout.status !== 'running' && rollout.receipt !== null
}

function claimOf(rollout: RolloutView, journal: readonly Entry[], from: number, to: number): Claim {
  const { lost, traffic } = rollout.receipt!
  // Begun again when the control plane died over it.
  const openings = journal.filter(({ kind }) => kind === 'open-receipt')
  const last = openings.at(-1)
  return {
    opened: {
      from: openings[0] ? Date.parse(openings[0].at) : from,
      to: last?.ended_at ? Date.parse(last.ended_at) : to,
    },
    closedAt: to,
    windowMs: traffic.during.ms + traffic.after.ms,
    requests: traffic.during.requests + traffic.after.requests,
    lost,
    streamsOpened: traffic.streams.opened,
  }
}
