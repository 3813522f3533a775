import { TasukiError } from '../domain/errors.ts'
import { canPromoteFrom, leadsTo, type Stage } from '../domain/pipeline.ts'
import type { App } from '../store/apps.ts'
import type { Coupling, Pipeline } from '../store/pipelines.ts'
import type { StoredRelease } from '../store/releases.ts'
import type { Tables } from '../store/tables.ts'
import { eligible } from './releases.ts'
import { currentVersion } from './rollouts.ts'

const MOST_TARGETS = 50

/** An app that is to be promoted to, and the stage at which it stands. */
export interface CheckedTarget {
  readonly app: App
  readonly stage: Stage
}

/**
 * The targets with their stages. Throws `invalid_params` when there are none, when nothing is promoted from where the source
 * stands, or when a target is named twice, is not in the pipeline, is the source itself, or stands at an earlier stage.
 */
export async function checkTargets(
  tables: Tables,
  pipeline: Pipeline,
  source: App,
  targets: readonly App[],
): Promise<CheckedTarget[]> {
  if (targets.length === 0) throw refused('There is no app to promote to.', 'Name at least one target.')
  if (targets.length > MOST_TARGETS)
    throw refused(`${targets.length} targets are too many.`, `Promote to at most ${MOST_TARGETS} at once.`)
  if (new Set(targets.map(({ id }) => id)).size < targets.length)
    throw refused('A target is named twice.', 'Name each target once.')
  const stages = await tables.stages.of(pipeline.id)
  const from = await inPipeline(tables, pipeline, source)
  if (!canPromoteFrom(from.stage))
    throw refused(
      `${source.name} stands at ${from.stage}, and nothing is promoted from there.`,
      `Promote from ${stages.filter(canPromoteFrom).join(', ')}.`,
    )
  const checked: CheckedTarget[] = []
  for (const app of targets) {
    if (app.id === source.id)
      throw refused(`${source.name} can not be promoted to itself.`, 'Choose another target.')
    const { stage } = await inPipeline(tables, pipeline, app)
    if (!leadsTo(stages, from.stage, stage))
      throw refused(
        `${app.name} stands at ${stage}, before ${from.stage}, where ${source.name} stands.`,
        `Promote onward: ${stages.join(', ')}.`,
      )
    checked.push({ app, stage })
  }
  return checked
}

async function inPipeline(tables: Tables, pipeline: Pipeline, app: App): Promise<Coupling> {
  const coupling = await tables.couplings.ofApp(app.id)
  if (coupling?.pipelineId === pipeline.id) return coupling
  throw refused(
    `${app.name} is not in the pipeline ${pipeline.name}.`,
    `Add it with \`tasuki pipelines:add ${pipeline.name} -a ${app.name} --stage STAGE\`.`,
  )
}

/**
 * The release to promote, the one that serves when none is named: it has served, its artifact is there, and there is
 * what can run it. Throws `invalid_params`.
 */
export async function originOf(tables: Tables, source: App, id: string | null): Promise<StoredRelease> {
  const release = await chosen(tables, source, id)
  const { kind } = await tables.artifacts.get(release.artifact!)
  if (kind === 'slug' || (await tables.hosts.all()).length > 0) return release
  throw refused(
    `v${release.version} of ${source.name} is an image, and there is no Docker host to run it on.`,
    'Add one with `tasuki hosts:add`, then promote again.',
  )
}

async function chosen(tables: Tables, source: App, id: string | null): Promise<StoredRelease> {
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
  if (release.artifact !== null && (release.version === version || (await eligible(tables, release))))
    return release
  throw refused(
    `v${release.version} of ${source.name} never served, or its artifact has been collected.`,
    'Choose a release that has served.',
  )
}

function refused(what: string, next: string): TasukiError {
  return new TasukiError('invalid_params', what, { next })
}
