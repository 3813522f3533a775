import { RELEASE_TYPE } from '../domain/release.ts'
import type { JournalEntry } from '../domain/rollout.ts'
import type { ServiceDeps } from './context.ts'

/** What people call the state of an instance. */
type State = 'starting' | 'up' | 'stopping'

interface Known {
  state: State
  /** UTC ms. */
  readonly startedAt: number
}

/** Instances that are remembered; the oldest go first. */
const MOST_KNOWN = 10_000

/**
 * Says in the log of each app what becomes of its instances, in Heroku's words and with its R-codes, as the journal tells
 * it: it starts, is up, is stopped, exits, crashes.
 */
export class InstanceLines {
  readonly #deps: ServiceDeps
  readonly #known = new Map<string, Known>()
  /** Names (`APP web.1`) whose last instance crashed. */
  readonly #crashed = new Set<string>()
  #unlisten: (() => void) | null = null
  /** One after the other, so that lines stand in the order of what happened. */
  #telling: Promise<void> = Promise.resolve()

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  start(): void {
    this.#unlisten ??= this.#deps.engine.onEntry((entry) => this.#take(entry))
  }

  /** Resolves when all has been said. */
  async stop(): Promise<void> {
    this.#unlisten?.()
    this.#unlisten = null
    await this.#telling
  }

  #take(entry: JournalEntry): void {
    if (entry.instance === null || entry.name === null || entry.state === 'intent') return
    this.#telling = this.#telling
      .then(() => this.#tell(entry, entry.instance!, entry.name!))
      .catch((error: unknown) => {
        this.#deps.log.warn(
          { app: entry.appId, error: String(error) },
          'What became of an instance could not be said in its log',
        )
      })
  }

  async #tell(entry: JournalEntry, instance: string, name: string): Promise<void> {
    const say = (message: string) => this.#deps.logs.append(entry.appId, { dyno: name, message })
    if (entry.state === 'failed') return this.#failed(entry, say)
    switch (entry.kind) {
      case 'start':
      case 'start-release-phase':
        return await this.#started(entry, instance, name, say)
      case 'admit':
      case 'passing':
        // One that visitors come to is up when they do; any other when it runs.
        if (entry.kind === 'admit' || !(await this.#isRoutable(entry, name))) this.#up(instance, say)
        return
      case 'terminate':
        return await this.#terminated(entry, instance, name, say)
      case 'kill':
        return this.#killed(entry, instance, say)
      case 'exited':
        return this.#exited(entry, instance, name, say)
    }
  }

  #failed(entry: JournalEntry, say: (message: string) => void): void {
    if (entry.kind === 'start' || entry.kind === 'start-release-phase')
      say(`Starting process failed: ${entry.error ?? 'for an unknown reason'}`)
  }

  async #started(
    entry: JournalEntry,
    instance: string,
    name: string,
    say: (message: string) => void,
  ): Promise<void> {
    if (this.#crashed.delete(`${entry.appId} ${name}`)) say('State changed from crashed to starting')
    this.#remember(instance, { state: 'starting', startedAt: entry.at })
    const command = await this.#commandOf(entry, name)
    say(command === null ? 'Starting process' : `Starting process with command \`${command}\``)
    if (typeOf(name) === RELEASE_TYPE) this.#up(instance, say)
  }

  #up(instance: string, say: (message: string) => void): void {
    const known = this.#known.get(instance)
    if (known?.state !== 'starting') return
    known.state = 'up'
    say('State changed from starting to up')
  }

  async #terminated(
    entry: JournalEntry,
    instance: string,
    name: string,
    say: (message: string) => void,
  ): Promise<void> {
    const known = this.#known.get(instance)
    const limit = known?.state === 'starting' ? await this.#bootSeconds(entry, name) : null
    if (known && limit !== null && entry.at - known.startedAt >= limit * 1000)
      say(
        `Error R10 (Boot timeout) -> Web process failed to pass its checks within ${limit} seconds of launch`,
      )
    if (known) known.state = 'stopping'
    say('Stopping all processes with SIGTERM')
  }

  #killed(entry: JournalEntry, instance: string, say: (message: string) => void): void {
    const seconds = /\d+/.exec(entry.note)?.[0] ?? '30'
    const known = this.#known.get(instance)
    if (known) known.state = 'stopping'
    say(
      `Error R12 (Exit timeout) -> At least one process failed to exit within ${seconds} seconds of SIGTERM`,
    )
    say('Stopping remaining processes with SIGKILL')
  }

  #exited(entry: JournalEntry, instance: string, name: string, say: (message: string) => void): void {
    const known = this.#known.get(instance)
    this.#known.delete(instance)
    if (/memory/.test(entry.note)) {
      say('Error R15 (Memory quota vastly exceeded)')
      say('Stopping process with SIGKILL')
    }
    const status = /with status (\d+)/.exec(entry.note)?.[1]
    say(status === undefined ? 'Process was killed' : `Process exited with status ${status}`)
    if (known === undefined || known.state === 'stopping') return
    const crashed = typeOf(name) !== RELEASE_TYPE
    say(`State changed from ${known.state} to ${crashed ? 'crashed' : 'complete'}`)
    if (crashed) this.#crashed.add(`${entry.appId} ${name}`)
  }

  #remember(instance: string, known: Known): void {
    this.#known.set(instance, known)
    for (const id of this.#known.keys()) {
      if (this.#known.size <= MOST_KNOWN) return
      this.#known.delete(id)
    }
  }

  async #commandOf(entry: JournalEntry, name: string): Promise<string | null> {
    if (entry.release === null) return null
    const { releases, artifacts } = this.#deps.store.tables
    const release = await releases.byVersion(entry.appId, entry.release)
    if (!release?.artifact) return null
    return (await artifacts.get(release.artifact)).processTypes[typeOf(name)] ?? null
  }

  async #isRoutable(entry: JournalEntry, name: string): Promise<boolean> {
    return (await this.#wantedType(entry, name))?.routable ?? true
  }

  /** Null for what is not checked, or no longer wanted. */
  async #bootSeconds(entry: JournalEntry, name: string): Promise<number | null> {
    const type = await this.#wantedType(entry, name)
    return type?.routable ? type.settings.bootSeconds : null
  }

  async #wantedType({ appId, release }: JournalEntry, name: string) {
    const wanted = await this.#deps.store.rollouts.wanted(appId)
    if (!wanted) return null
    const { rollout, serving } = wanted
    const set = [rollout?.target, rollout?.base, serving].find((one) => one && one.release === release)
    const types = set ? (wanted.types.get(set.generation) ?? []) : []
    return types.find(({ type }) => type === typeOf(name)) ?? null
  }
}

function typeOf(name: string): string {
  return name.slice(0, name.lastIndexOf('.'))
}
