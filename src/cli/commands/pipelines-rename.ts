import { Args } from '@oclif/core'
import { pipelineName } from '../../domain/pipeline.ts'
import { TasukiCommand } from '../command.ts'
import { pipelinePath } from '../pipelines.ts'
import type { PipelineRecord } from '../wire/pipelines.ts'

export default class PipelinesRename extends TasukiCommand {
  static override summary = 'Give a pipeline another name'
  static override description = 'For its owner.'
  static override examples = ['<%= config.bin %> pipelines:rename shop-line store-line']
  static override args = {
    name: Args.string({ required: true, description: 'The pipeline.' }),
    to: Args.string({ required: true, description: 'Its new name.' }),
  }

  async run(): Promise<PipelineRecord> {
    const { args } = await this.parse(PipelinesRename)
    const body = { name: pipelineName(args.to) }
    const pipeline = await (await this.client()).patch<PipelineRecord>(pipelinePath(args.name), body)
    this.print(`${args.name} is now ${pipeline.name}.`)
    return pipeline
  }
}
