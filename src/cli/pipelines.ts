import { Flags } from '@oclif/core'
import { TasukiError } from '../domain/errors.ts'
import { nextStage, STAGES } from '../domain/pipeline.ts'
import type { ApiClient } from './client.ts'
import { appPath } from './command.ts'
import type { App, CouplingRecord } from './wire.ts'

const STAGE = {
  char: 's',
  helpValue: 'STAGE',
  options: [...STAGES],
  summary: 'review, development, staging or production.',
} as const

/** The flag that says at which stage of a pipeline an app stands. */
export const stageFlag = { stage: Flags.option({ ...STAGE, required: true })() }

/** The same, where it may be left out. */
export const optionalStageFlag = { stage: Flags.option(STAGE)() }

/** `/pipelines/NAME/…` */
export function pipelinePath(name: string, ...rest: readonly string[]): string {
  return ['/pipelines', encodeURIComponent(name), ...rest].join('/')
}

/** Where the app stands. Throws `not_found` when it is in no pipeline. */
export function couplingOf(client: ApiClient, app: string): Promise<CouplingRecord> {
  return client.get<CouplingRecord>(appPath(app, 'pipeline-couplings'))
}

/** A pipeline's apps with their stages, in the order of the stages. */
export async function standing(
  client: ApiClient,
  pipeline: string,
): Promise<{ readonly app: App; readonly coupling: CouplingRecord }[]> {
  const couplings = await client.list<CouplingRecord>(pipelinePath(pipeline, 'pipeline-couplings'))
  const all = await Promise.all(
    couplings.map(async (coupling) => ({ coupling, app: await client.get<App>(appPath(coupling.app.id)) })),
  )
  const place = ({ coupling }: (typeof all)[number]) => STAGES.indexOf(coupling.stage)
  return all.toSorted((one, other) => place(one) - place(other) || (one.app.name < other.app.name ? -1 : 1))
}

/** The apps at the stage after that of the source. Throws `invalid_params` when there are none. */
export function downstream(
  all: Awaited<ReturnType<typeof standing>>,
  source: CouplingRecord,
): readonly App[] {
  const stage = nextStage(source.stage)
  const apps = all.filter(({ coupling }) => coupling.stage === stage).map(({ app }) => app)
  if (apps.length > 0) return apps
  const what = stage === null ? `Nothing comes after ${source.stage}.` : `No app stands at ${stage}.`
  throw new TasukiError('invalid_params', what, { next: 'Name the apps to promote to with --to.' })
}
