import { TasukiError } from './errors.ts'

/** The stages that every pipeline has, in the order in which an artifact goes through them. */
export const STAGES: readonly string[] = ['review', 'development', 'staging', 'production']

/** The name of a stage: one of those that every pipeline has, or one of the pipeline's own in between. */
export type Stage = string

/** Nothing is promoted from these. */
const ENDS: readonly Stage[] = ['review', 'production']

const MOST_STAGES = 20
const PIPELINE_NAME = /^[a-z][a-z0-9-]{1,28}[a-z0-9]$/
const STAGE_NAME = /^[a-z][a-z0-9-]{0,28}[a-z0-9]$/
/** Tests have config of their own under this name, as in Heroku. */
const RESERVED: readonly string[] = ['test']

/** Returns the text when it is one of these stages; throws `invalid_params`. */
export function stageOf(text: string, stages: readonly Stage[]): Stage {
  if (stages.includes(text)) return text
  throw new TasukiError('invalid_params', `There is no stage "${text.slice(0, 40)}".`, {
    next: `Use one of ${stages.join(', ')}.`,
  })
}

/**
 * The stages with another one behind `after`. Throws `invalid_params` for a name that can not be one or is there already,
 * and for a place outside of development to production: a named stage lies between two of those that every pipeline has.
 */
export function withStage(stages: readonly Stage[], name: string, after: Stage): Stage[] {
  if (!STAGE_NAME.test(name) || RESERVED.includes(name))
    throw refused(
      `"${name.slice(0, 40)}" can not be a stage.`,
      'Use 2 to 30 of a-z, 0-9 and dash, a letter first.',
    )
  if (stages.includes(name)) throw refused(`There is a stage "${name}" already.`, 'Choose another name.')
  if (stages.length >= MOST_STAGES) throw refused(`${MOST_STAGES} stages are the most.`, 'Remove one first.')
  const place = stages.indexOf(stageOf(after, stages))
  if (ENDS.includes(after))
    throw refused(`No stage can come after ${after}.`, 'Put it between development and production.')
  return stages.toSpliced(place + 1, 0, name)
}

/** The stages without that one. Throws `invalid_params` for one that every pipeline has. */
export function withoutStage(stages: readonly Stage[], name: Stage): Stage[] {
  stageOf(name, stages)
  if (STAGES.includes(name)) throw refused(`Every pipeline has the stage ${name}.`, 'Leave it without apps.')
  return stages.filter((one) => one !== name)
}

/** Returns the name when it can be a pipeline's (3 to 30 of a-z, 0-9 and dash, a letter first); throws `invalid_params`. */
export function pipelineName(name: string): string {
  if (PIPELINE_NAME.test(name)) return name
  throw refused(
    `"${name.slice(0, 60)}" is not a pipeline name.`,
    'Use 3 to 30 of a-z, 0-9 and dash, with a letter first and no dash at the end.',
  )
}

/** Whether anything is promoted from apps at that stage. */
export function canPromoteFrom(stage: Stage): boolean {
  return !ENDS.includes(stage)
}

/** Whether artifacts may go from one of the stages to the other: never back to an earlier one. */
export function leadsTo(stages: readonly Stage[], from: Stage, to: Stage): boolean {
  return stages.indexOf(to) >= stages.indexOf(from)
}

/**
 * Where something promoted from that stage goes when nobody says otherwise: to the next stage; of those that are the
 * pipeline's own, to the first at which an app stands. Null when nothing comes after it.
 */
export function downstreamOf(
  stages: readonly Stage[],
  occupied: readonly Stage[],
  from: Stage,
): Stage | null {
  const behind = stages.slice(stages.indexOf(from) + 1)
  return behind.find((stage) => STAGES.includes(stage) || occupied.includes(stage)) ?? null
}

function refused(what: string, next: string): TasukiError {
  return new TasukiError('invalid_params', what, { next })
}
