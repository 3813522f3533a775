import { Flags } from '@oclif/core'
import { testedFlags, testedPipeline } from '../ci.ts'
import { TasukiCommand } from '../command.ts'
import { pipelinePath } from '../pipelines.ts'

const MINUTE_MS = 60_000

export default class CiEnable extends TasukiCommand {
  static override summary = 'Test every push of a pipeline'
  static override description =
    'A push to a branch of the pipeline’s repository gives a test run; a pull request from a fork does not.'
  static override examples = [
    '<%= config.bin %> ci:enable -p shop-line',
    '<%= config.bin %> ci:enable -a shop --limit 20',
  ]
  static override flags = {
    ...testedFlags,
    limit: Flags.integer({
      min: 1,
      max: 1440,
      helpValue: 'MINUTES',
      summary: 'Longest that setup and tests may take; 60 unless it was set before.',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(CiEnable)
    const client = await this.client()
    const pipeline = await testedPipeline(client, flags, (app) => this.appName(app))
    const path = `/tasuki${pipelinePath(pipeline.id, 'tests')}`
    const tests = await client.patch<{ enabled: boolean; limit_ms: number }>(path, {
      enabled: true,
      ...(flags.limit === undefined ? {} : { limit_ms: flags.limit * MINUTE_MS }),
    })
    this.print(
      `Every push to ${pipeline.name} is tested, for ${tests.limit_ms / MINUTE_MS} minutes at the longest.`,
    )
    return tests
  }
}
