import { Args } from '@oclif/core'
import { TasukiError } from '../../domain/errors.ts'
import { pipelineName } from '../../domain/pipeline.ts'
import { appFlag, appPath, TasukiCommand } from '../command.ts'
import { optionalStageFlag } from '../pipelines.ts'
import type { App } from '../wire/apps.ts'
import type { PipelineRecord } from '../wire/pipelines.ts'

export default class PipelinesCreate extends TasukiCommand {
  static override summary = 'Make a pipeline'
  static override description = 'With -a and --stage also puts a first app into it.'
  static override examples = [
    '<%= config.bin %> pipelines:create shop-line',
    '<%= config.bin %> pipelines:create shop-line -a shop-staging -s staging',
  ]
  static override args = {
    name: Args.string({ required: true, description: '3 to 30 of a-z, 0-9 and dash, a letter first.' }),
  }
  static override flags = { ...appFlag, ...optionalStageFlag }

  async run(): Promise<PipelineRecord> {
    const { args, flags } = await this.parse(PipelinesCreate)
    const { app, stage } = flags
    if ((app === undefined) !== (stage === undefined))
      throw new TasukiError('invalid_params', 'An app and its stage belong together.', {
        next: 'Give both -a and --stage, or neither.',
      })
    const client = await this.client()
    if (app !== undefined) await client.get<App>(appPath(app))
    const pipeline = await client.post<PipelineRecord>('/pipelines', { name: pipelineName(args.name) })
    this.print(`Created ${pipeline.name}.`)
    if (app === undefined) return pipeline
    await client.post('/pipeline-couplings', { app, pipeline: pipeline.id, stage })
    this.print(`${app} stands at ${stage}.`)
    return pipeline
  }
}
