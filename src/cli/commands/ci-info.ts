import { Args } from '@oclif/core'
import { chosenRun, testedFlags, testedPipeline } from '../ci.ts'
import { showRun } from '../ci-show.ts'
import { TasukiCommand } from '../command.ts'

export default class CiInfo extends TasukiCommand {
  static override summary = 'Show a test run: what it said, and its cases'
  static override description = 'One that goes on is followed to its end. Ends with the status of the tests.'
  static override examples = [
    '<%= config.bin %> ci:info 12 -p shop-line',
    '<%= config.bin %> ci:info 12 -a shop --json',
  ]
  static override args = { number: Args.string({ required: true, description: 'The number of the run.' }) }
  static override flags = { ...testedFlags }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(CiInfo)
    const client = await this.client()
    const pipeline = await testedPipeline(client, flags, (app) => this.appName(app))
    const run = await chosenRun(client, pipeline, args.number)
    return showRun(client, run, { screen: this.screen, json: this.jsonEnabled() })
  }
}
