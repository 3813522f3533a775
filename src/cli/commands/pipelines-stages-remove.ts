import { Args } from '@oclif/core'
import { TasukiCommand } from '../command.ts'
import { pipelinePath } from '../pipelines.ts'
import type { StageRecord } from '../wire/pipelines.ts'

export default class PipelinesStagesRemove extends TasukiCommand {
  static override summary = 'Take a stage out of a pipeline'
  static override description = 'For its owner. Only one that was added, and at which no app stands.'
  static override examples = ['<%= config.bin %> pipelines:stages:remove shop-line canary']
  static override args = {
    name: Args.string({ required: true, description: 'The pipeline.' }),
    stage: Args.string({ required: true, description: 'The stage.' }),
  }

  async run(): Promise<StageRecord> {
    const { args } = await this.parse(PipelinesStagesRemove)
    const path = `/tasuki${pipelinePath(args.name, 'stages', encodeURIComponent(args.stage))}`
    const gone = await (await this.client()).delete<StageRecord>(path)
    this.print(`${args.name} has no stage ${gone.name} any more.`)
    return gone
  }
}
