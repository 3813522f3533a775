import { Flags } from '@oclif/core'
import { TasukiError } from '../domain/errors.ts'
import { downstreamOf } from '../domain/pipeline.ts'
import type { ApiClient } from './client.ts'
import { appPath } from './command.ts'
import type { App } from './wire/apps.ts'
import type { CouplingRecord, StageRecord } from './wire/pipelines.ts'

const STAGE = {
  char: 's',
  helpValue: 'STAGE',
  summary: 'review, development, staging, production, or one of the pipeline’s own.',
} as const

/** The flag that says at which stage of a pipeline an app stands. */
export const stageFlag = { stage: Flags.string({ ...STAGE, required: true }) }

/** The same, where it may be left out. */
export const optionalStageFlag = { stage: Flags.string(STAGE) }

/** `/pipelines/NAME/…` */
export function pipelinePath(name: string, ...rest: readonly string[]): string {
  return ['/pipelines', encodeURIComponent(name), ...rest].join('/')
}

/** Where the app stands. Throws `not_found` when it is in no pipeline. */
export function couplingOf(client: ApiClient, app: string): Promise<CouplingRecord> {
  return client.get<CouplingRecord>(appPath(app, 'pipeline-couplings'))
}

/** The names of a pipeline's stages, in their order. */
async function stagesOf(client: ApiClient, pipeline: string): Promise<string[]> {
  const stages = await client.get<StageRecord[]>(`/tasuki${pipelinePath(pipeline, 'stages')}`)
  return stages.map(({ name }) => name)
}

/** A pipeline's apps with their stages, in the order of the stages. */
export async function standing(
  client: ApiClient,
  pipeline: string,
): Promise<{ readonly app: App; readonly coupling: CouplingRecord }[]> {
  const stages = await stagesOf(client, pipeline)
  const couplings = await client.list<CouplingRecord>(pipelinePath(pipeline, 'pipeline-couplings'))
  const all = await Promise.all(
    couplings.map(async (coupling) => ({ coupling, app: await client.get<App>(appPath(coupling.app.id)) })),
  )
  const place = ({ coupling }: (typeof all)[number]) => stages.indexOf(coupling.stage)
  return all.toSorted((one, other) => place(one) - place(other) || (one.app.name < other.app.name ? -1 : 1))
}

/**
 * The apps that the source is promoted to when nobody says otherwise: those at the next stage; of the pipeline's own stages
 * those without apps are passed over. Throws `invalid_params` when there are none.
 */
export async function downstream(client: ApiClient, source: CouplingRecord): Promise<readonly App[]> {
  const all = await standing(client, source.pipeline.id)
  const stages = await stagesOf(client, source.pipeline.id)
  const occupied = all.map(({ coupling }) => coupling.stage)
  const stage = downstreamOf(stages, occupied, source.stage)
  const apps = all.filter(({ coupling }) => coupling.stage === stage).map(({ app }) => app)
  if (apps.length > 0) return apps
  throw nowhere(stage === null ? `Nothing comes after ${source.stage}.` : `No app stands at ${stage}.`)
}

function nowhere(what: string): TasukiError {
  return new TasukiError('invalid_params', what, { next: 'Name the apps to promote to with --to.' })
}
