import type { PushEvent, SourceEvent } from '../domain/source-event.ts'
import type { KeptEvent } from '../store/source-events.ts'
import type { ServiceDeps } from './context.ts'
import { type RefChange, shortName } from './pushes-plan.ts'
import type { Repositories } from './repositories.ts'
import type { SourceEventService } from './source-events.ts'

/** A branch of an app's repository that somebody moves. */
export interface BranchMove {
  /** The same when it is taken up again. */
  readonly id: string
  readonly appId: string
  readonly user: string
  readonly change: RefChange
}

/**
 * Makes events of pushes to Tasuki's own Git, for pipelines that are not connected to another repository. An event is
 * written down before its branch moves and counts once it has moved, so that neither comes without the other.
 */
export class PushedBranches {
  readonly #deps: ServiceDeps
  readonly #repositories: Repositories
  readonly #events: SourceEventService

  constructor(deps: ServiceDeps, repositories: Repositories, events: SourceEventService) {
    this.#deps = deps
    this.#repositories = repositories
    this.#events = events
  }

  /** Settles what a control plane that was killed has left open. To be called before events are handed on. */
  async start(): Promise<void> {
    const { sourceEvents } = this.#deps.store.tables
    for (const kept of await sourceEvents.expected()) {
      const { pipelineId, id } = kept
      if (await this.#moved(kept)) await sourceEvents.confirm(pipelineId, id)
      else await sourceEvents.drop(pipelineId, id)
    }
  }

  /** Has `move` move the branch; throws what that throws, and then there was no event. */
  async moving(branch: BranchMove, move: () => Promise<void>): Promise<void> {
    const event = await this.#eventOf(branch)
    if (event === null) return move()
    const { sourceEvents } = this.#deps.store.tables
    const { appId, change } = branch
    const expects = { appId, ref: change.ref, to: change.to }
    await sourceEvents.insert({ event, digest: event.id, state: 'expected', expects })
    try {
      await move()
    } catch (error) {
      await sourceEvents.drop(event.pipelineId, event.id)
      throw error
    }
    await sourceEvents.confirm(event.pipelineId, event.id)
    this.#events.poke(event.pipelineId)
  }

  /** Null when it concerns no pipeline. */
  async #eventOf({ id, appId, user, change }: BranchMove): Promise<(SourceEvent & PushEvent) | null> {
    if (!change.ref.startsWith('refs/heads/')) return null
    const { couplings, pipelineRepositories } = this.#deps.store.tables
    const coupling = await couplings.ofApp(appId)
    if (coupling === null || (await pipelineRepositories.of(coupling.pipelineId)) !== null) return null
    const { from, to } = change
    const [commit = null] = to === null ? [] : await this.#repositories.commits(appId, to, null, 1)
    const forced = from !== null && to !== null && !(await this.#repositories.contains(appId, to, from))
    const about = { id, pipelineId: coupling.pipelineId, origin: 'git', user, at: Date.now() } as const
    return { ...about, kind: 'push', branch: shortName(change.ref), commit, forced }
  }

  async #moved({ expects }: KeptEvent): Promise<boolean> {
    return expects !== null && (await this.#repositories.idOf(expects.appId, expects.ref)) === expects.to
  }
}
