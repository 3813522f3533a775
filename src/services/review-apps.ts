import { randomUUID } from 'node:crypto'
import { TasukiError } from '../domain/errors.ts'
import { changedConfig } from '../domain/names.ts'
import type { PullRequestEvent, PushEvent, SourceEvent } from '../domain/source-event.ts'
import type { App } from '../store/apps.ts'
import type { Pipeline } from '../store/pipelines.ts'
import type { ReviewAppConfig } from '../store/review-app-configs.ts'
import type { GoneReason, ReviewApp } from '../store/review-apps.ts'
import type { Tables } from '../store/tables.ts'
import { announce } from './announce.ts'
import type { ServiceDeps } from './context.ts'
import { ReviewAppConfigService } from './review-app-configs.ts'
import { ReviewAppKeeper } from './review-app-keeper.ts'
import type { ReviewAppParts } from './review-app-parts.ts'

const DAY = 24 * 3_600_000
const MOST_BRANCH = 1000

/** What somebody wants a review app of. */
export interface ReviewAppWish {
  readonly branch: string
  readonly prNumber: number | null
  /** Null: what the branch is at. */
  readonly commit: string | null
  /** Null: from the repository of the pipeline. */
  readonly sourceUrl: string | null
  readonly env: Readonly<Record<string, string>>
}

/**
 * Review apps: the app of a pull request, or of a branch, at the review stage of a pipeline. What is wished of one is written
 * down at once, by people or by what happens in the repository; the keeper brings it about.
 */
export class ReviewAppService {
  readonly #deps: ServiceDeps
  readonly #parts: ReviewAppParts
  readonly #keeper: ReviewAppKeeper
  readonly configs: ReviewAppConfigService

  constructor(deps: ServiceDeps, parts: ReviewAppParts) {
    this.#deps = deps
    this.#parts = parts
    this.#keeper = new ReviewAppKeeper(deps, parts)
    this.configs = new ReviewAppConfigService(deps, {
      changed: (pipelineId, config) => this.#configured(pipelineId, config),
    })
  }

  get #table() {
    return this.#deps.store.tables.reviewApps
  }

  /** To be called before builds are tidied up. */
  prepare(): Promise<void> {
    return this.#keeper.prepare()
  }

  start(): Promise<void> {
    return this.#keeper.start()
  }

  /** To be called before builds are stopped. */
  stop(): Promise<void> {
    return this.#keeper.stop()
  }

  /** Newest first, also those that are gone. */
  list(pipeline: Pick<Pipeline, 'id'>): Promise<ReviewApp[]> {
    return this.#table.ofPipeline(pipeline.id)
  }

  /** Throws `not_found`. */
  async get(id: string): Promise<ReviewApp> {
    const found = await this.#table.byId(id)
    if (found) return found
    throw new TasukiError('not_found', `There is no review app "${id.slice(0, 60)}".`, {
      next: '`tasuki reviewapps -p PIPELINE` lists them.',
      details: { resource: 'review_app' },
    })
  }

  /** Throws `not_found` for an app that is none. */
  async ofApp(app: App): Promise<ReviewApp> {
    const found = await this.#table.ofApp(app.id)
    if (found) return found
    throw new TasukiError('not_found', `${app.name} is no review app.`, {
      details: { resource: 'review_app' },
    })
  }

  /** The newest at that commit. */
  ofCommit(pipelineId: string, sha: string): Promise<ReviewApp | null> {
    return this.#table.ofCommit(pipelineId, sha)
  }

  /**
   * Makes one by hand, also of a fork; asked for again, it is brought to the commit. Answers at once; the rest goes on.
   * Throws `not_found` when the branch or the commit is not known or review apps are not enabled, `invalid_params`,
   * `invalid_source`, and `conflict` when there is nothing to do.
   */
  async create(pipeline: Pipeline, wish: ReviewAppWish, user: string): Promise<ReviewApp> {
    checkWish(wish)
    await this.configs.get(pipeline)
    const commit = await this.#commitOf(pipeline, wish)
    const key = keyOf(wish)
    const id = await this.#deps.store.transaction(async (tables) => {
      const present = await wanted(tables, pipeline.id, wish)
      if (present === null) return insert(tables, pipeline, { ...wish, key, commit, fork: false }, user)
      if (present.commit === commit && present.sourceUrl === wish.sourceUrl && present.status !== 'errored')
        throw new TasukiError('conflict', `There is a review app of ${wish.branch} already.`, {
          next: `See \`tasuki reviewapps:info ${present.appName ?? present.id}\`.`,
        })
      await wishFor(tables, present, { commit, sourceUrl: wish.sourceUrl })
      return present.id
    })
    this.#keeper.poke(id)
    return this.get(id)
  }

  /** It is to go: what it cleans up by its pr-predestroy script first. Answers at once. Asked for again, nothing changes. */
  async destroy(row: ReviewApp, user: string): Promise<ReviewApp> {
    if (row.appId !== null && row.gone === null)
      announce(this.#deps, row.appId, `The review app is destroyed by ${user}`)
    await this.#end(row, 'asked')
    return this.get(row.id)
  }

  /** Takes note of what happened in a repository; the same once more changes nothing. */
  async handle(event: SourceEvent): Promise<void> {
    const { tables } = this.#deps.store
    const pipeline = await tables.pipelines.byId(event.pipelineId)
    if (pipeline === null) return
    if (event.kind === 'push') await this.#pushed(pipeline, event, event.origin)
    else if (event.action === 'closed') await this.#closed(pipeline, event)
    else await this.#proposed(pipeline, event, event.user)
  }

  /** Tests have ended that one of the pipeline may wait for. */
  tested(pipelineId: string): void {
    this.#keeper.pokeAll(pipelineId).catch((error: unknown) => {
      this.#deps.log.warn(
        { pipeline: pipelineId, error: String(error) },
        'Review apps could not be looked at',
      )
    })
  }

  /** Ends those that nothing has been deployed to for too long, and sees to what was destroyed by hand. Called now and then. */
  async tidy(now: number): Promise<void> {
    const configs = await this.#deps.store.tables.reviewAppConfigs.all()
    for (const { pipelineId, staleDays } of configs.filter(({ destroyStale }) => destroyStale))
      for (const row of await this.#table.present(pipelineId))
        if ((row.deployedAt ?? row.createdAt) + staleDays * DAY <= now) await this.#end(row, 'stale')
    await this.#keeper.pokeAll()
  }

  async #commitOf(pipeline: Pipeline, { branch, commit, sourceUrl }: ReviewAppWish): Promise<string | null> {
    const { builds, commitSources } = this.#parts
    if (sourceUrl === null) {
      const found =
        commit === null ? commitSources.branchHead(pipeline, branch) : commitSources.commit(pipeline, commit)
      return (await found).sha
    }
    await builds.check({ url: sourceUrl, version: commit })
    return commit
  }

  /** A branch has moved, or is gone. Forges tell apart what happens to the branches of pull requests; our own Git does not. */
  async #pushed(
    pipeline: Pipeline,
    { branch, commit }: PushEvent,
    origin: SourceEvent['origin'],
  ): Promise<void> {
    for (const row of await this.#table.present(pipeline.id)) {
      const follows = row.prNumber === null || origin === 'git'
      if (row.branch !== branch || !follows || row.gone !== null || row.sourceUrl !== null) continue
      if (commit === null) await this.#end(row, 'branch deleted')
      else await this.#move(row, commit.sha)
    }
  }

  async #closed(pipeline: Pipeline, { number: prNumber, branch, merged }: PullRequestEvent): Promise<void> {
    const row = await wanted(this.#deps.store.tables, pipeline.id, { branch, prNumber })
    if (row !== null) await this.#end(row, merged ? 'merged' : 'closed')
  }

  /** A pull request is open at that commit. Those of forks get nothing by themselves: others write what would run. */
  async #proposed(pipeline: Pipeline, event: PullRequestEvent, creator: string): Promise<void> {
    const { branch, commit, number: prNumber, fork, url: prUrl } = event
    const present = await this.#adopted(pipeline, event)
    if (present !== null) {
      if (!fork && present.sourceUrl === null) await this.#move(present, commit.sha)
      return
    }
    const wish = { branch, prNumber, prUrl, fork, commit: commit.sha, sourceUrl: null, env: {} }
    const id = await this.#deps.store.transaction(async (tables) => {
      const config = await tables.reviewAppConfigs.of(pipeline.id)
      if (!config?.automatic || fork || (await wanted(tables, pipeline.id, wish))) return null
      if (event.action === 'updated' && (await endedByHand(tables, pipeline.id, wish))) return null
      return insert(tables, pipeline, { ...wish, key: keyOf(wish) }, creator)
    })
    if (id !== null) this.#keeper.poke(id)
  }

  /** That of the pull request; one that was made of its branch by hand is its from now on. */
  async #adopted(pipeline: Pipeline, event: PullRequestEvent): Promise<ReviewApp | null> {
    const { branch, number: prNumber, fork, url: prUrl } = event
    return this.#deps.store.transaction(async (tables) => {
      const own = await wanted(tables, pipeline.id, { branch, prNumber })
      const byHand = own ?? (fork ? null : await wanted(tables, pipeline.id, { branch, prNumber: null }))
      if (byHand === null) return null
      const change = { key: keyOf({ branch, prNumber }), prNumber, prUrl, fork }
      await tables.reviewApps.change(byHand.id, change, Date.now())
      return { ...byHand, ...change }
    })
  }

  async #move(row: ReviewApp, commit: string): Promise<void> {
    if (row.commit !== commit)
      await this.#deps.store.transaction((tables) => wishFor(tables, row, { commit, sourceUrl: null }))
    this.#keeper.poke(row.id)
  }

  async #end(row: ReviewApp, gone: GoneReason): Promise<void> {
    if (row.gone === null && row.status !== 'deleted') await this.#table.change(row.id, { gone }, Date.now())
    this.#keeper.poke(row.id)
  }

  async #configured(pipelineId: string, config: ReviewAppConfig | null): Promise<void> {
    const { sleeping } = this.#parts
    await sleeping.limitPool(
      pipelineId,
      config && { mostAwake: config.mostAwake, mostBytes: config.mostAwakeBytes },
    )
    for (const { id, appId, status } of await this.#table.present(pipelineId)) {
      if (appId !== null && status === 'created')
        await sleeping.setSleeper(appId, config && { afterIdleMs: config.idleMs, pool: pipelineId })
      this.#keeper.poke(id)
    }
  }
}

type Inserted = ReviewAppWish & Pick<ReviewApp, 'key' | 'fork'> & { readonly prUrl?: string | null }

async function insert(tables: Tables, pipeline: Pipeline, wish: Inserted, creator: string): Promise<string> {
  const id = randomUUID()
  const about = { id, pipelineId: pipeline.id, creator, user: pipeline.owner, createdAt: Date.now() }
  await tables.reviewApps.insert({ prUrl: null, ...wish, ...about })
  return id
}

async function wishFor(
  tables: Tables,
  { id }: ReviewApp,
  change: Pick<ReviewApp, 'commit' | 'sourceUrl'>,
): Promise<void> {
  const now = await tables.reviewApps.byId(id)
  if (now) await tables.reviewApps.change(id, { ...change, wish: now.wish + 1, message: null }, Date.now())
}

/** The one of that pull request or branch that is to stay. */
async function wanted(
  tables: Tables,
  pipelineId: string,
  what: Pick<ReviewApp, 'branch' | 'prNumber'>,
): Promise<ReviewApp | null> {
  const key = keyOf(what)
  const present = await tables.reviewApps.present(pipelineId)
  return present.find((row) => row.key === key && row.gone === null) ?? null
}

/** Somebody has destroyed the last one: only who opens the pull request again, or asks for it, gets another. */
async function endedByHand(
  tables: Tables,
  pipelineId: string,
  what: Pick<ReviewApp, 'branch' | 'prNumber'>,
): Promise<boolean> {
  const key = keyOf(what)
  const last = (await tables.reviewApps.ofPipeline(pipelineId)).find((row) => row.key === key)
  return last !== undefined && (last.gone === null || last.gone === 'asked')
}

function keyOf({ branch, prNumber }: Pick<ReviewApp, 'branch' | 'prNumber'>): string {
  return prNumber === null ? `branch:${branch}` : `pr:${prNumber}`
}

function checkWish({ branch, prNumber, env }: ReviewAppWish): void {
  if (branch === '' || branch.length > MOST_BRANCH || /\p{Cc}/u.test(branch))
    throw new TasukiError('invalid_params', `"${branch.slice(0, 60)}" can not be the name of a branch.`)
  if (prNumber !== null && !(Number.isSafeInteger(prNumber) && prNumber > 0))
    throw new TasukiError('invalid_params', `${prNumber} is no number of a pull request.`)
  changedConfig({}, env)
}
