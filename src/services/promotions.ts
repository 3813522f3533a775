import { randomUUID } from 'node:crypto'
import { TasukiError } from '../domain/errors.ts'
import { leadsTo } from '../domain/pipeline.ts'
import type { App } from '../store/apps.ts'
import type { Coupling, Pipeline } from '../store/pipelines.ts'
import type { Promotion, PromotionTarget } from '../store/promotions.ts'
import type { StoredRelease } from '../store/releases.ts'
import type { Tables } from '../store/tables.ts'
import { announceRelease } from './announce.ts'
import type { ServiceDeps } from './context.ts'
import { adoptArtifact } from './deploys.ts'
import { liveApp } from './live-app.ts'
import { eligible, type MadeRelease, makeRelease } from './releases.ts'
import { currentVersion } from './rollouts.ts'

/** Of each pipeline. */
const KEEP_PROMOTIONS = 100
const MOST_TARGETS = 50

/** What is to be promoted where. */
export interface Wish {
  readonly pipeline: Pipeline
  readonly source: App
  /** Id of the source's release; null: the one that serves. */
  readonly release: string | null
  readonly targets: readonly App[]
}

/** What became of one target. */
export interface TargetView extends PromotionTarget {
  readonly status: 'pending' | 'succeeded' | 'failed'
  readonly error: string | null
}

/**
 * Promotions: the artifact of one app becomes a release of others, with their own config, never rebuilt. All releases are
 * made in one transaction; from then on each is a release like any other, and says what became of its target. So a
 * control plane that dies in between leaves nothing to be resumed.
 */
export class PromotionService {
  readonly #deps: ServiceDeps

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  /**
   * Makes a release on each target, or on none. Throws `invalid_params` when there is nothing to promote, or when a target
   * is not in the pipeline, is the source itself, or stands at an earlier stage.
   */
  async promote({ pipeline, source, release, targets }: Wish, user: string): Promise<Promotion> {
    const { promotion, made } = await this.#deps.store.transaction(async (tables) => {
      await checkTargets(tables, pipeline, source, targets)
      const origin = await originOf(tables, source, release)
      const at = Date.now()
      const all: MadeRelease[] = []
      for (const target of targets) all.push(await releaseOn(tables, target, source, origin, user, at))
      const row = { id: randomUUID(), pipelineId: pipeline.id, appId: source.id }
      const record = { ...row, releaseId: origin.id, user, createdAt: at }
      await tables.promotions.insert(record, all.map(targetRow(record.id)))
      await tables.promotions.trim(pipeline.id, KEEP_PROMOTIONS)
      return { promotion: record, made: all }
    })
    for (const one of made) announceRelease(this.#deps, one)
    return promotion
  }

  /** Throws `not_found`. */
  async get(id: string): Promise<Promotion> {
    const found = await this.#deps.store.tables.promotions.byId(id)
    if (found) return found
    throw new TasukiError('not_found', `There is no promotion "${id.slice(0, 60)}".`)
  }

  /** What has become of each target so far. */
  async targets(promotion: Promotion): Promise<TargetView[]> {
    const { tables } = this.#deps.store
    const targets = await tables.promotions.targets(promotion.id)
    return Promise.all(targets.map((target) => viewOf(tables, target)))
  }
}

function targetRow(promotionId: string) {
  return ({ release }: MadeRelease): PromotionTarget => ({
    id: randomUUID(),
    promotionId,
    appId: release.appId,
    releaseId: release.id,
  })
}

async function checkTargets(
  tables: Tables,
  pipeline: Pipeline,
  source: App,
  targets: readonly App[],
): Promise<void> {
  if (targets.length === 0) throw refused('There is no app to promote to.', 'Name at least one target.')
  if (targets.length > MOST_TARGETS)
    throw refused(`${targets.length} targets are too many.`, `Promote to at most ${MOST_TARGETS} at once.`)
  if (new Set(targets.map(({ id }) => id)).size < targets.length)
    throw refused('A target is named twice.', 'Name each target once.')
  const from = await inPipeline(tables, pipeline, source)
  for (const target of targets) {
    if (target.id === source.id)
      throw refused(`${source.name} can not be promoted to itself.`, 'Choose another target.')
    const to = await inPipeline(tables, pipeline, target)
    if (leadsTo(from.stage, to.stage)) continue
    throw refused(
      `${target.name} stands at ${to.stage}, before ${from.stage}, where ${source.name} stands.`,
      'Promote onward: review, development, staging, production.',
    )
  }
}

async function inPipeline(tables: Tables, pipeline: Pipeline, app: App): Promise<Coupling> {
  const coupling = await tables.couplings.ofApp(app.id)
  if (coupling?.pipelineId === pipeline.id) return coupling
  throw refused(
    `${app.name} is not in the pipeline ${pipeline.name}.`,
    `Add it with \`tasuki pipelines:add ${pipeline.name} -a ${app.name} --stage STAGE\`.`,
  )
}

/** The release to promote: it has served, and its artifact is there. */
async function originOf(tables: Tables, source: App, id: string | null): Promise<StoredRelease> {
  const version = await currentVersion(tables, source.id)
  if (id === null) {
    const serving = version === null ? null : await tables.releases.byVersion(source.id, version)
    if (serving?.artifact) return serving
    throw refused(
      `${source.name} has no release that serves, so there is nothing to promote.`,
      'Deploy to it first.',
    )
  }
  const release = await tables.releases.byId(source.id, id)
  if (!release)
    throw refused(`${source.name} has no release "${id.slice(0, 60)}".`, 'Choose one of its releases.')
  if (release.version === version || (await eligible(tables, release))) return release
  throw refused(
    `v${release.version} of ${source.name} never served, or its artifact has been collected.`,
    'Choose a release that has served.',
  )
}

async function releaseOn(
  tables: Tables,
  target: App,
  source: App,
  { artifact: digest, commit, version }: StoredRelease,
  user: string,
  at: number,
): Promise<MadeRelease> {
  const app = await liveApp(tables, target.id)
  const artifact = await tables.artifacts.get(digest!)
  const config = await adoptArtifact(tables, app.id, artifact)
  const what = (commit ?? artifact.digest.replace('sha256:', '')).slice(0, 8)
  const description = `Promote ${source.name} v${version} ${what}`
  return makeRelease(tables, app, { artifact: artifact.digest, commit, description, config, user }, at)
}

async function viewOf(tables: Tables, target: PromotionTarget): Promise<TargetView> {
  const release = target.releaseId && (await tables.releases.byId(target.appId, target.releaseId))
  if (!release) return { ...target, releaseId: null, status: 'failed', error: 'The app has been destroyed.' }
  if (release.status === 'pending' || release.status === 'succeeded')
    return { ...target, status: release.status, error: null }
  return { ...target, status: 'failed', error: await reasonOf(tables, release) }
}

async function reasonOf(tables: Tables, { appId, version, status }: StoredRelease): Promise<string> {
  if (status === 'expired') return `v${version} was superseded before it served.`
  const id = (await tables.rollouts.idsByRelease(appId)).get(version)
  const rollout = id === undefined ? null : await tables.rollouts.byId(id)
  return rollout?.reason ?? `v${version} failed.`
}

function refused(what: string, next: string): TasukiError {
  return new TasukiError('invalid_params', what, { next })
}
