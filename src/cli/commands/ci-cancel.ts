import { Args } from '@oclif/core'
import { chosenRun, testedFlags, testedPipeline } from '../ci.ts'
import { TasukiCommand } from '../command.ts'
import type { TestRunRecord } from '../wire/tests.ts'

export default class CiCancel extends TasukiCommand {
  static override summary = 'Cancel a test run'
  static override description = 'Its teardown still runs, for at most twenty seconds.'
  static override examples = [
    '<%= config.bin %> ci:cancel -p shop-line',
    '<%= config.bin %> ci:cancel 12 -a shop',
  ]
  static override args = { number: Args.string({ description: 'The number of the run; else the newest.' }) }
  static override flags = { ...testedFlags }

  async run(): Promise<TestRunRecord> {
    const { args, flags } = await this.parse(CiCancel)
    const client = await this.client()
    const pipeline = await testedPipeline(client, flags, (app) => this.appName(app))
    const { id } = await chosenRun(client, pipeline, args.number)
    const run = await client.patch<TestRunRecord>(`/test-runs/${id}`, { status: 'cancelled', message: '' })
    this.print(`Test run #${run.number} is cancelled.`)
    return run
  }
}
