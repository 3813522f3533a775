import { TasukiError } from '../domain/errors.ts'
import { changedConfig } from '../domain/names.ts'
import type { Pipeline } from '../store/pipelines.ts'
import type { ServiceDeps } from './context.ts'

/** Stages at which a pipeline makes something of itself, with config vars of its own for it. */
const STAGES = ['test', 'review'] as const

/** Config vars that a pipeline has for its test runs and its review apps. Sealed at rest. */
export class StageConfigService {
  readonly #deps: Pick<ServiceDeps, 'store'>

  constructor(deps: Pick<ServiceDeps, 'store'>) {
    this.#deps = deps
  }

  /** Throws `not_found` for any stage but `test` and `review`. */
  async get(pipeline: Pick<Pipeline, 'id'>, stage: string): Promise<Record<string, string>> {
    return this.#deps.store.tables.stageConfig.get(pipeline.id, known(stage))
  }

  /**
   * All of them after the change; null removes one. What is running or there keeps what it has.
   * Throws `not_found`, and `invalid_params` with nothing changed.
   */
  async change(
    pipeline: Pick<Pipeline, 'id'>,
    stage: string,
    change: Readonly<Record<string, string | null>>,
  ): Promise<Record<string, string>> {
    return this.#deps.store.transaction(async ({ stageConfig }) => {
      const config = changedConfig(await stageConfig.get(pipeline.id, known(stage)), change)
      await stageConfig.set(pipeline.id, stage, config)
      return config
    })
  }
}

function known(stage: string): string {
  if ((STAGES as readonly string[]).includes(stage)) return stage
  throw new TasukiError(
    'not_found',
    `A pipeline has no config vars for the stage "${stage.slice(0, 40)}", only for ${STAGES.join(' and ')}.`,
    { next: 'The apps of the other stages have their own: `tasuki config -a APP`.' },
  )
}
