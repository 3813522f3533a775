import { Args, Flags } from '@oclif/core'
import { TasukiCommand } from '../command.ts'
import { pipelinePath } from '../pipelines.ts'
import type { StageRecord } from '../wire/pipelines.ts'

export default class PipelinesStagesAdd extends TasukiCommand {
  static override summary = 'Give a pipeline another stage'
  static override description =
    'For its owner. It lies between development and production, behind the stage that is named.'
  static override examples = ['<%= config.bin %> pipelines:stages:add shop-line canary --after staging']
  static override args = {
    name: Args.string({ required: true, description: 'The pipeline.' }),
    stage: Args.string({ required: true, description: '2 to 30 of a-z, 0-9 and dash, a letter first.' }),
  }
  static override flags = {
    after: Flags.string({
      helpValue: 'STAGE',
      default: 'development',
      summary: 'The stage that comes before it. Default: development.',
    }),
  }

  async run(): Promise<StageRecord> {
    const { args, flags } = await this.parse(PipelinesStagesAdd)
    const path = `/tasuki${pipelinePath(args.name, 'stages')}`
    const body = { name: args.stage, after: flags.after }
    const stage = await (await this.client()).post<StageRecord>(path, body)
    this.print(`${args.name} has a stage ${stage.name} behind ${flags.after}.`)
    return stage
  }
}
