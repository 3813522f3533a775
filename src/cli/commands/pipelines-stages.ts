import { Args } from '@oclif/core'
import { table } from '../../text/table.ts'
import { TasukiCommand } from '../command.ts'
import { pipelinePath } from '../pipelines.ts'
import { spanText } from '../span.ts'
import type { StageRecord } from '../wire/pipelines.ts'

export default class PipelinesStages extends TasukiCommand {
  static override summary = 'Show the stages of a pipeline, and what is asked for at each'
  static override description =
    'In the order in which an artifact goes through them. `tasuki pipelines:stage` says what a stage asks for.'
  static override examples = ['<%= config.bin %> pipelines:stages shop-line']
  static override args = { name: Args.string({ required: true, description: 'The pipeline.' }) }

  async run(): Promise<readonly StageRecord[]> {
    const { args } = await this.parse(PipelinesStages)
    const path = `/tasuki${pipelinePath(args.name, 'stages')}`
    const all = await (await this.client()).get<StageRecord[]>(path)
    const rows = all.map((stage) => [stage.name, rulesOf(stage)])
    this.print(...table([{ head: 'stage' }, { head: 'asks for' }], rows, this.screen.width))
    return all
  }
}

/** What a stage asks for, in words. */
export function rulesOf({ approval, promotions_only: only, frozen }: StageRecord): string {
  const all: string[] = []
  if (approval) {
    const who = approval.approvers.length > 0 ? approval.approvers.join(', ') : 'who has access'
    const self = approval.allow_self ? ', also who asked' : ''
    all.push(`approval by ${approval.count} of ${who}${self}, within ${spanText(approval.expires_ms / 1000)}`)
  }
  if (only) all.push('promotions only')
  if (frozen)
    all.push(
      `frozen ${frozen.until ? `until ${frozen.until}` : 'until it is lifted'}${frozen.reason ? ` (${frozen.reason})` : ''}`,
    )
  return all.join('; ') || 'nothing'
}
