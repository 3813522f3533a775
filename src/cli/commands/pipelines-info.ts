import { Args } from '@oclif/core'
import { table } from '../../text/table.ts'
import { TasukiCommand } from '../command.ts'
import { pipelinePath, standing } from '../pipelines.ts'
import type { PipelineRecord, RepositoryRecord } from '../wire/pipelines.ts'

export default class PipelinesInfo extends TasukiCommand {
  static override summary = 'Show which app stands at which stage of a pipeline'
  static override description =
    'An artifact is promoted from stage to stage: review, development, staging, production.'
  static override examples = ['<%= config.bin %> pipelines:info shop-line']
  static override args = { name: Args.string({ required: true, description: 'The pipeline.' }) }

  async run(): Promise<unknown> {
    const { args } = await this.parse(PipelinesInfo)
    const client = await this.client()
    const pipeline = await client.get<PipelineRecord>(pipelinePath(args.name))
    const [apps, { type, full_name: repository }] = await Promise.all([
      standing(client, pipeline.id),
      client.get<RepositoryRecord>(pipelinePath(pipeline.id, 'repo')),
    ])
    const { paint, width } = this.screen
    this.print(paint('bold', pipeline.name))
    if (type === 'github') this.print(`Commits come from ${repository} at GitHub.`)
    const rows = apps.map(({ app, coupling }) => [coupling.stage, app.name])
    this.print(...table([{ head: '' }, { head: '' }], rows, width))
    const standings = apps.map(({ app, coupling }) => ({ app: app.name, stage: coupling.stage }))
    return { ...pipeline, repository: { type, full_name: repository }, apps: standings }
  }
}
