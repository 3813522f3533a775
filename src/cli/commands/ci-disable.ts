import { testedFlags, testedPipeline } from '../ci.ts'
import { TasukiCommand } from '../command.ts'
import { pipelinePath } from '../pipelines.ts'

export default class CiDisable extends TasukiCommand {
  static override summary = 'Test pushes of a pipeline no more'
  static override description = 'Runs that have begun go on; `tasuki ci:run` works as before.'
  static override examples = ['<%= config.bin %> ci:disable -p shop-line']
  static override flags = { ...testedFlags }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(CiDisable)
    const client = await this.client()
    const pipeline = await testedPipeline(client, flags, (app) => this.appName(app))
    const path = `/tasuki${pipelinePath(pipeline.id, 'tests')}`
    const tests = await client.patch<{ enabled: boolean; limit_ms: number }>(path, { enabled: false })
    this.print(`Pushes to ${pipeline.name} are tested no more.`)
    return tests
  }
}
