import { Args, Flags } from '@oclif/core'
import { TasukiCommand } from '../command.ts'
import { pipelinePath } from '../pipelines.ts'
import type { RepositoryRecord } from '../wire/pipelines.ts'

export default class PipelinesDisconnect extends TasukiCommand {
  static override summary = 'Take the commits of a pipeline from Tasuki’s own Git again'
  static override description =
    `For the owner of the pipeline. What is said of the other repository counts no more; remove the webhook there, too.
Asks for the name of the pipeline; without a terminal, --confirm gives it.`
  static override examples = ['<%= config.bin %> pipelines:disconnect shop-line --confirm shop-line']
  static override args = { name: Args.string({ required: true, description: 'The pipeline.' }) }
  static override flags = {
    confirm: Flags.string({
      helpValue: 'NAME',
      summary: 'The name of the pipeline once more, instead of being asked.',
    }),
  }

  async run(): Promise<RepositoryRecord> {
    const { args, flags } = await this.parse(PipelinesDisconnect)
    const client = await this.client()
    const path = pipelinePath(args.name, 'repo')
    const { pipeline } = await client.get<RepositoryRecord>(path)
    await this.confirm(pipeline.name, flags.confirm, {
      end: 'to disconnect it',
      refusal: `${pipeline.name} was not disconnected: its name was not confirmed.`,
    })
    const gone = await client.delete<RepositoryRecord>(path)
    this.print(`${pipeline.name} is not connected to ${gone.full_name} any more.`)
    return gone
  }
}
