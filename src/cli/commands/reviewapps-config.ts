import { padded } from '../../text/table.ts'
import { TasukiCommand } from '../command.ts'
import { configPath, pipelineFlag } from '../review-apps.ts'

type ConfigVars = Readonly<Record<string, string>>

export default class ReviewappsConfig extends TasukiCommand {
  static override summary = 'Show the config vars of a pipeline’s review apps'
  static override description = 'Each new review app gets these; they win over `env` of app.json.'
  static override examples = ['<%= config.bin %> reviewapps:config -p shop-line']
  static override flags = { ...pipelineFlag }

  async run(): Promise<ConfigVars> {
    const { flags } = await this.parse(ReviewappsConfig)
    const vars = await (await this.client()).get<ConfigVars>(configPath(flags.pipeline))
    const sorted = Object.entries(vars).toSorted(([a], [b]) => (a < b ? -1 : 1))
    const width = Math.max(0, ...sorted.map(([key]) => key.length)) + 2
    if (sorted.length === 0)
      this.print('There are none. Set some with `tasuki reviewapps:config:set KEY=VALUE -p PIPELINE`.')
    else
      this.print(
        ...sorted.map(([key, value]) => `${this.screen.paint('bold', padded(`${key}:`, width))}${value}`),
      )
    return vars
  }
}
