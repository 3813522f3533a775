import { TasukiError } from '../domain/errors.ts'
import { isGuarded } from '../domain/stage-rules.ts'
import type { Tables } from '../store/tables.ts'
import { requireThawed } from './freezes.ts'

/**
 * Whether code may be deployed straight to the app, past its pipeline. Throws `conflict` while its stage is frozen, and where
 * the stage takes promotions alone, as it does when it asks for approval: else a deploy would go past it. Config changes, scaling and rollbacks are never refused: they are what one needs when
 * something is on fire.
 */
export async function requireDeployable(tables: Tables, appId: string, at: number): Promise<void> {
  const coupling = await tables.couplings.ofApp(appId)
  if (coupling === null) return
  const { pipelineId, stage } = coupling
  if (isGuarded(await tables.stages.rules(pipelineId, stage)))
    throw new TasukiError('conflict', `Apps at ${stage} take promotions only.`, {
      next: 'Deploy to an earlier stage of the pipeline, and promote from there.',
    })
  await requireThawed(tables, pipelineId, stage, at)
}
