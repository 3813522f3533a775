import { TasukiError } from './errors.ts'

/** The stages of a pipeline, in the order in which an artifact goes through them. */
export const STAGES = ['review', 'development', 'staging', 'production'] as const

export type Stage = (typeof STAGES)[number]

const PIPELINE_NAME = /^[a-z][a-z0-9-]{1,28}[a-z0-9]$/

/** Returns the text when it names a stage; throws `invalid_params`. */
export function stageOf(text: string): Stage {
  const stage = STAGES.find((one) => one === text)
  if (stage) return stage
  throw new TasukiError('invalid_params', `There is no stage "${text.slice(0, 40)}".`, {
    next: `Use one of ${STAGES.join(', ')}.`,
  })
}

/** Returns the name when it can be a pipeline's (3 to 30 of a-z, 0-9 and dash, a letter first); throws `invalid_params`. */
export function pipelineName(name: string): string {
  if (PIPELINE_NAME.test(name)) return name
  throw new TasukiError('invalid_params', `"${name.slice(0, 60)}" is not a pipeline name.`, {
    next: 'Use 3 to 30 of a-z, 0-9 and dash, with a letter first and no dash at the end.',
  })
}

/** Whether artifacts may go from one stage to the other: never back to an earlier one. */
export function leadsTo(from: Stage, to: Stage): boolean {
  return STAGES.indexOf(to) >= STAGES.indexOf(from)
}

/** The stage after that one; null after the last. */
export function nextStage(stage: Stage): Stage | null {
  return STAGES[STAGES.indexOf(stage) + 1] ?? null
}
