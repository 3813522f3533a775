import type { Change, ChangeStep } from '../domain/change.ts'
import { TasukiError } from '../domain/errors.ts'
import type { SourceEvent } from '../domain/source-event.ts'
import type { App } from '../store/apps.ts'
import type { Pipeline } from '../store/pipelines.ts'
import type { Tables } from '../store/tables.ts'
import type { AccessService } from './access.ts'
import type { AppService } from './apps.ts'
import {
  approvalStep,
  buildStep,
  deployStep,
  eventStep,
  type Place,
  releaseStep,
  reviewAppStep,
  testsStep,
} from './change-steps.ts'
import type { ServiceDeps } from './context.ts'
import type { PipelineService } from './pipelines.ts'
import type { Caller } from './tokens.ts'

const COMMIT = /^[0-9a-f]{4,64}$/
const MOST_PLACES = 1000

/** What a caller may see of. */
interface Seen {
  readonly apps: ReadonlyMap<string, App>
  readonly pipelines: ReadonlyMap<string, Pipeline>
  /** By app. */
  readonly places: ReadonlyMap<string, Place>
}

interface Parts {
  readonly access: AccessService
  readonly apps: Pick<AppService, 'webUrl'>
  readonly pipelines: PipelineService
}

/** The way of commits to production: everything that was done with one, over all apps and pipelines. It keeps nothing of its own. */
export class ChangeService {
  readonly #deps: ServiceDeps
  readonly #parts: Parts

  constructor(deps: ServiceDeps, parts: Parts) {
    this.#deps = deps
    this.#parts = parts
  }

  get #tables(): Tables {
    return this.#deps.store.tables
  }

  /**
   * By its id or the beginning of it, as far as the caller may see what was done with it. Throws `invalid_params` for what is
   * no id or begins several, `not_found` when nothing was done.
   */
  async get(caller: Caller, which: string): Promise<Change> {
    const seen = await this.#seenBy(caller)
    const commit = await this.#resolve(seen, which.toLowerCase())
    const events = (await this.#tables.commits.events(commit)).filter((one) =>
      seen.pipelines.has(one.pipelineId),
    )
    const perPipeline = [...seen.pipelines.values()].map((one) => this.#ofPipeline(seen, one, commit))
    const steps = [
      ...events.map((one) => eventStep(one, seen.pipelines.get(one.pipelineId)!.name)),
      ...(await Promise.all(perPipeline)).flat(),
      ...(await this.#builds(seen, commit)),
      ...(await this.#releases(seen, commit)),
    ]
    const told = toldBy(events)
    return {
      commit,
      message: told?.message.split('\n', 1)[0] ?? null,
      author: told?.author ?? null,
      committedAt: told?.at ?? null,
      steps: steps.sort((one, other) => one.at - other.at),
    }
  }

  async #seenBy(caller: Caller): Promise<Seen> {
    const { access, pipelines } = this.#parts
    const apps = await access.visible(caller, await this.#tables.apps.all())
    const named = new Map((await pipelines.list(caller)).map((one) => [one.id, one]))
    const couplings = await this.#tables.couplings.all()
    const places = couplings.map(({ appId, pipelineId, stage }) => {
      const place = { pipeline: named.get(pipelineId)?.name ?? null, stage }
      return [appId, place] as const
    })
    return { apps: new Map(apps.map((app) => [app.id, app])), pipelines: named, places: new Map(places) }
  }

  async #resolve({ apps, pipelines }: Seen, which: string): Promise<string> {
    if (!COMMIT.test(which))
      throw new TasukiError('invalid_params', `"${which.slice(0, 80)}" is not the id of a commit.`, {
        next: 'Give it in hex digits, at least four of them.',
      })
    const places = await this.#tables.commits.beginningWith(which, MOST_PLACES)
    const visible = places.filter(({ appId, pipelineId }) =>
      appId === null ? pipelines.has(pipelineId ?? '') : apps.has(appId),
    )
    const found = [...new Set(visible.map(({ commit }) => commit))]
    if (found.includes(which)) return which
    if (found.length === 1) return found[0]!
    if (found.length === 0)
      throw new TasukiError('not_found', `Nothing was done with a commit ${which.slice(0, 12)}.`, {
        next: 'Push it, or deploy it.',
        details: { resource: 'commit' },
      })
    const some = found.slice(0, 5).map((one) => one.slice(0, 12))
    throw new TasukiError(
      'invalid_params',
      `${found.length} commits begin with ${which}: ${some.join(', ')}.`,
      {
        next: 'Give more of its digits.',
      },
    )
  }

  async #ofPipeline(seen: Seen, { id, name }: Pipeline, commit: string): Promise<ChangeStep[]> {
    const { approvals, commits, reviewApps } = this.#tables
    const review = await reviewApps.ofCommit(id, commit)
    const there = review?.appName && review.status !== 'deleted' ? { name: review.appName } : null
    return [
      ...(await commits.testRuns(id, commit)).map((run) => testsStep(run, name)),
      ...(review ? [reviewAppStep(review, name, there && this.#parts.apps.webUrl(there))] : []),
      ...(await approvals.ofCommit(id, commit)).map((approval) => approvalStep(approval, name)),
      ...(await this.#deploys(seen, id, commit)),
    ]
  }

  /** What became a release is told of as that. */
  async #deploys({ apps, places }: Seen, pipelineId: string, commit: string): Promise<ChangeStep[]> {
    const steps: ChangeStep[] = []
    for (const deploy of await this.#tables.branchDeploys.ofCommit(pipelineId, commit)) {
      const app = apps.get(deploy.appId)
      const build = deploy.buildId === null ? null : await this.#tables.builds.byId(deploy.buildId)
      if (app && !build?.releaseId) steps.push(deployStep(deploy, app, places.get(app.id) ?? NOWHERE))
    }
    return steps
  }

  /** Those that somebody has asked for: what becomes of an automatic deploy's is told of with it. */
  async #builds({ apps, pipelines, places }: Seen, commit: string): Promise<ChangeStep[]> {
    const deploys = [...pipelines.keys()].map((id) => this.#tables.branchDeploys.ofCommit(id, commit))
    const automatic = new Set((await Promise.all(deploys)).flat().map(({ buildId }) => buildId))
    return (await this.#tables.commits.builds(commit)).flatMap((build) => {
      const app = apps.get(build.appId)
      return app && !automatic.has(build.id) ? [buildStep(build, app, places.get(app.id) ?? NOWHERE)] : []
    })
  }

  async #releases({ apps, places }: Seen, commit: string): Promise<ChangeStep[]> {
    const all = await this.#tables.commits.releases(commit)
    const steps = all.flatMap(({ appId, version }) => {
      const app = apps.get(appId)
      return app ? [releaseStep(this.#tables, app, version, places.get(appId) ?? NOWHERE)] : []
    })
    return Promise.all(steps)
  }
}

const NOWHERE: Place = { pipeline: null, stage: null }

function toldBy(events: readonly SourceEvent[]) {
  return events.map(({ commit }) => commit).find((one) => one !== null && one.message !== '') ?? null
}
