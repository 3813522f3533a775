import { TasukiError } from '../domain/errors.ts'
import type { Receipt, Rollout } from '../domain/rollout.ts'
import type { App } from '../store/apps.ts'
import type { Build } from '../store/builds.ts'
import type { Push } from '../store/pushes.ts'
import type { Tables } from '../store/tables.ts'
import type { BuildService } from './builds.ts'
import type { ServiceDeps } from './context.ts'
import { liveApp } from './live-app.ts'
import type { PushNews } from './pushes.ts'
import type { RolloutEvents } from './rollout-events.ts'
import { tookOver } from './rollouts.ts'

/** What a push has come to: it serves. */
export interface Followed {
  readonly app: App
  readonly rollout: Rollout
  readonly receipt: Receipt | null
}

interface Parts {
  readonly builds: BuildService
  readonly rolloutEvents: RolloutEvents
}

type Tell = (news: PushNews) => void

/** Follows what a push has set going to its end, and judges it. */
export class PushFollower {
  readonly #deps: ServiceDeps
  readonly #parts: Parts
  readonly #signal: AbortSignal

  constructor(deps: ServiceDeps, parts: Parts, signal: AbortSignal) {
    this.#deps = deps
    this.#parts = parts
    this.#signal = signal
  }

  get #tables(): Tables {
    return this.#deps.store.tables
  }

  /**
   * Build, release phase, rollout. Throws what the build failed with, `rollout_failed` when the release does not serve,
   * `conflict` when another release took its place or this server is being stopped.
   */
  async follow(push: Push, tell: Tell): Promise<Followed> {
    const build = await this.#built(push, tell)
    const first = build.rolloutId === null ? null : await this.#tables.rollouts.byId(build.rolloutId)
    const app = await liveApp(this.#tables, push.appId)
    if (first === null) throw new TasukiError('rollout_failed', 'Nothing came of the build.')
    const rollout = await this.#last(app, first, tell)
    const receipt = await this.#tables.rollouts.receipt(rollout.id)
    if (rollout.outcome === 'succeeded' || tookOver(rollout))
      return { app: await liveApp(this.#tables, app.id), rollout, receipt }
    tell({ news: 'failed', rollout, receipt })
    throw failure(rollout)
  }

  async #built(push: Push, tell: Tell): Promise<Build> {
    if (push.buildId === null)
      throw new TasukiError('build_failed', 'The server was stopped before the build.')
    const decoder = new TextDecoder()
    for await (const chunk of this.#parts.builds.output(push.buildId, this.#signal))
      tell({ news: 'build', text: decoder.decode(chunk, { stream: true }) })
    this.#goOn()
    const build = await this.#tables.builds.byId(push.buildId)
    if (build?.status === 'succeeded') return build
    const { id, message, next } = build?.error ?? BUILD_LOST
    const code = id === 'internal' ? 'build_failed' : id
    throw new TasukiError(code as 'build_failed', message, { next, details: { told: true } })
  }

  /** The rollout that decides: the build's own, or one that superseded it on behalf of the same artifact. */
  async #last(app: App, first: Rollout, tell: Tell): Promise<Rollout> {
    const artifact = await this.#artifact(first)
    let rollout = await this.#end(app, first, tell)
    while (rollout.outcome === 'superseded' && !tookOver(rollout)) {
      const next = (await this.#tables.rollouts.list(app.id, 100)).findLast(
        ({ generation }) => generation > rollout.generation,
      )
      if (!next || (await this.#artifact(next)) !== artifact) return rollout
      rollout = await this.#end(app, next, tell)
    }
    return rollout
  }

  async #artifact({ appId, target }: Rollout): Promise<string | null | undefined> {
    return (await this.#tables.releases.byVersion(appId, target.release))?.artifact
  }

  async #end(app: App, rollout: Rollout, tell: Tell): Promise<Rollout> {
    tell({ news: 'rollout', app: app.name, rollout, event: null })
    for await (const event of this.#parts.rolloutEvents.follow(rollout, this.#signal)) {
      tell({ news: 'rollout', app: app.name, rollout, event })
      if (event.event === 'end') return event.rollout
    }
    this.#goOn()
    throw new TasukiError('conflict', 'The rollout could not be followed to its end.')
  }

  #goOn(): void {
    if (!this.#signal.aborted) return
    throw new TasukiError('conflict', 'The server is being stopped.', {
      next: 'A rollout that has begun goes on when it starts again; see `tasuki rollouts`.',
    })
  }
}

const BUILD_LOST = { id: 'build_failed', message: 'The build is gone.', next: 'Push again.' }

function failure({ target, base, outcome, reason }: Rollout): TasukiError {
  const [now, before] = [`v${target.release}`, base ? `v${base.release}` : null]
  if (outcome === 'superseded')
    return new TasukiError('conflict', `Another release took over before ${now} served.`, {
      next: 'See `tasuki rollouts`; push again to deploy this commit after all.',
    })
  const what = outcome === 'returned' ? `${now} was taken back` : `${now} failed`
  const serving = before === null ? '' : `, ${before} serves on`
  return new TasukiError('rollout_failed', `${what}${serving}: ${reason ?? 'no reason was given.'}`, {
    next:
      before === null ? 'Mend the cause and push again.' : 'Mend the cause and push again; nothing was lost.',
  })
}
