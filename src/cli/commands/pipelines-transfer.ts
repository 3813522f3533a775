import { Args, Flags } from '@oclif/core'
import { TasukiCommand } from '../command.ts'
import { pipelinePath, standing } from '../pipelines.ts'
import type { PipelineRecord } from '../wire/pipelines.ts'

export default class PipelinesTransfer extends TasukiCommand {
  static override summary = 'Give a pipeline and all of its apps another owner'
  static override description =
    'For who owns all of them, and admins. Who owned an app works on it from then on.\nAsks for the name; without a terminal, --confirm gives it.'
  static override examples = [
    '<%= config.bin %> pipelines:transfer shop-line anna@example.com --confirm shop-line',
  ]
  static override args = {
    name: Args.string({ required: true, description: 'The pipeline.' }),
    email: Args.string({ required: true, description: 'Who is to own it.' }),
  }
  static override flags = {
    confirm: Flags.string({
      helpValue: 'NAME',
      summary: 'The name of the pipeline once more, instead of being asked.',
    }),
  }

  async run(): Promise<PipelineRecord> {
    const { args, flags } = await this.parse(PipelinesTransfer)
    const client = await this.client()
    const pipeline = await client.get<PipelineRecord>(pipelinePath(args.name))
    const apps = (await standing(client, pipeline.id)).map(({ app }) => app.name)
    await this.confirm(pipeline.name, flags.confirm, {
      end: `to give it away, with ${apps.join(', ') || 'no apps'}`,
      refusal: `${pipeline.name} was not transferred: its name was not confirmed.`,
    })
    await client.post('/pipeline-transfers', {
      pipeline: { id: pipeline.id },
      new_owner: { id: args.email, type: 'user' },
    })
    this.print(`${[pipeline.name, ...apps].join(', ')} belong to ${args.email}.`)
    return pipeline
  }
}
