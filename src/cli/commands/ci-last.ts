import { chosenRun, testedFlags, testedPipeline } from '../ci.ts'
import { showRun } from '../ci-show.ts'
import { TasukiCommand } from '../command.ts'

export default class CiLast extends TasukiCommand {
  static override summary = 'Show the newest test run: what it said, and its cases'
  static override description = 'One that goes on is followed to its end. Ends with the status of the tests.'
  static override examples = ['<%= config.bin %> ci:last -p shop-line']
  static override flags = { ...testedFlags }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(CiLast)
    const client = await this.client()
    const pipeline = await testedPipeline(client, flags, (app) => this.appName(app))
    const run = await chosenRun(client, pipeline, undefined)
    return showRun(client, run, { screen: this.screen, json: this.jsonEnabled() })
  }
}
