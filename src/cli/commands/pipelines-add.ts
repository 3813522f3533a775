import { Args } from '@oclif/core'
import { appFlag, TasukiCommand } from '../command.ts'
import { stageFlag } from '../pipelines.ts'
import type { CouplingRecord } from '../wire/pipelines.ts'

export default class PipelinesAdd extends TasukiCommand {
  static override summary = 'Put an app into a pipeline'
  static override description = 'An app is in one pipeline at most. Nothing that runs changes.'
  static override examples = ['<%= config.bin %> pipelines:add shop-line -a shop -s production']
  static override args = { name: Args.string({ required: true, description: 'The pipeline.' }) }
  static override flags = { ...appFlag, ...stageFlag }

  async run(): Promise<CouplingRecord> {
    const { args, flags } = await this.parse(PipelinesAdd)
    const app = await this.appName(flags.app)
    const body = { app, pipeline: args.name, stage: flags.stage }
    const coupling = await (await this.client()).post<CouplingRecord>('/pipeline-couplings', body)
    this.print(`${app} stands at ${coupling.stage} of ${coupling.pipeline.name}.`)
    return coupling
  }
}
