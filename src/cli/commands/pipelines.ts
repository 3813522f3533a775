import { TasukiCommand } from '../command.ts'
import type { PipelineRecord } from '../wire/pipelines.ts'

export default class Pipelines extends TasukiCommand {
  static override summary = 'List your pipelines'
  static override description = 'Those that you own, and those that one of your apps stands in.'
  static override examples = ['<%= config.bin %> pipelines']

  async run(): Promise<readonly PipelineRecord[]> {
    await this.parse(Pipelines)
    const pipelines = await (await this.client()).list<PipelineRecord>('/pipelines')
    this.print(...pipelines.map(({ name }) => name))
    if (pipelines.length === 0) this.print('There is none yet. Make one with `tasuki pipelines:create NAME`.')
    return pipelines
  }
}
