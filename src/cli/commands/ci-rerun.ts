import { Args, Flags } from '@oclif/core'
import { chosenRun, testedFlags, testedPipeline } from '../ci.ts'
import { showRun } from '../ci-show.ts'
import { TasukiCommand } from '../command.ts'
import type { TestRunRecord } from '../wire/tests.ts'

export default class CiRerun extends TasukiCommand {
  static override summary = 'Run the tests of the same commit once more'
  static override description =
    'With the config vars that the tests have now. What was built for it before is used again. Ends with the status of the tests.'
  static override examples = [
    '<%= config.bin %> ci:rerun -p shop-line',
    '<%= config.bin %> ci:rerun 12 -a shop',
  ]
  static override args = { number: Args.string({ description: 'The number of the run; else the newest.' }) }
  static override flags = {
    ...testedFlags,
    detach: Flags.boolean({ summary: 'Return at once, without following the run.' }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(CiRerun)
    const client = await this.client()
    const pipeline = await testedPipeline(client, flags, (app) => this.appName(app))
    const before = await chosenRun(client, pipeline, args.number)
    const run = await client.post<TestRunRecord>(`/tasuki/test-runs/${before.id}/rerun`)
    this.print(`Test run #${run.number}: that of #${before.number} once more`)
    if (flags.detach) return run
    return showRun(client, run, { screen: this.screen, json: this.jsonEnabled() })
  }
}
