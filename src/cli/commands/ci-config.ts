import { padded } from '../../text/table.ts'
import { testedFlags, testedPipeline } from '../ci.ts'
import { TasukiCommand } from '../command.ts'
import { pipelinePath } from '../pipelines.ts'

type ConfigVars = Readonly<Record<string, string>>

export default class CiConfig extends TasukiCommand {
  static override summary = 'Show the config vars of a pipeline’s tests'
  static override description =
    'Test runs have these besides those of `environments.test` in app.json, and win over them.'
  static override examples = [
    '<%= config.bin %> ci:config -p shop-line',
    '<%= config.bin %> ci:config -a shop --json',
  ]
  static override flags = { ...testedFlags }

  async run(): Promise<ConfigVars> {
    const { flags } = await this.parse(CiConfig)
    const client = await this.client()
    const pipeline = await testedPipeline(client, flags, (app) => this.appName(app))
    const vars = await client.get<ConfigVars>(pipelinePath(pipeline.id, 'stage', 'test', 'config-vars'))
    const sorted = Object.entries(vars).toSorted(([a], [b]) => (a < b ? -1 : 1))
    const width = Math.max(0, ...sorted.map(([key]) => key.length)) + 2
    if (sorted.length === 0)
      this.print(
        `The tests of ${pipeline.name} have no config vars. Set some with \`tasuki ci:config:set KEY=VALUE\`.`,
      )
    else
      this.print(
        ...sorted.map(([key, value]) => `${this.screen.paint('bold', padded(`${key}:`, width))}${value}`),
      )
    return vars
  }
}
