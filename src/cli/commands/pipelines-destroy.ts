import { Args, Flags } from '@oclif/core'
import { TasukiCommand } from '../command.ts'
import { pipelinePath } from '../pipelines.ts'
import type { PipelineRecord } from '../wire/pipelines.ts'

export default class PipelinesDestroy extends TasukiCommand {
  static override summary = 'Forget a pipeline'
  static override description =
    'For its owner. Its apps stay as they are.\nAsks for the name; without a terminal, --confirm gives it.'
  static override examples = ['<%= config.bin %> pipelines:destroy shop-line --confirm shop-line']
  static override args = { name: Args.string({ required: true, description: 'The pipeline.' }) }
  static override flags = {
    confirm: Flags.string({
      helpValue: 'NAME',
      summary: 'The name of the pipeline once more, instead of being asked.',
    }),
  }

  async run(): Promise<PipelineRecord> {
    const { args, flags } = await this.parse(PipelinesDestroy)
    const client = await this.client()
    const { id, name } = await client.get<PipelineRecord>(pipelinePath(args.name))
    await this.confirm(name, flags.confirm, {
      end: 'to destroy it',
      refusal: `${name} was not destroyed: its name was not confirmed.`,
    })
    const gone = await client.delete<PipelineRecord>(pipelinePath(id))
    this.print(`Destroyed ${name}. Its apps stay.`)
    return gone
  }
}
