import { Args } from '@oclif/core'
import { changedConfig } from '../../domain/names.ts'
import { TasukiCommand } from '../command.ts'
import { varOf } from '../config-change.ts'
import { configPath, pipelineFlag } from '../review-apps.ts'

export default class ReviewappsConfigSet extends TasukiCommand {
  static override summary = 'Set config vars of a pipeline’s review apps'
  static override description = 'Those that are made from now on have them; the others keep what they have.'
  static override examples = ['<%= config.bin %> reviewapps:config:set PAYMENTS=sandbox -p shop-line']
  static override strict = false
  static override args = { vars: Args.string({ required: true, description: 'KEY=VALUE pairs.' }) }
  static override flags = { ...pipelineFlag }

  async run(): Promise<unknown> {
    const { argv, flags } = await this.parse(ReviewappsConfigSet)
    const vars = Object.fromEntries((argv as string[]).map(varOf))
    changedConfig({}, vars)
    const all = await (await this.client()).patch(configPath(flags.pipeline), vars)
    this.print(`Set ${Object.keys(vars).join(', ')} for the review apps of ${flags.pipeline}.`)
    return all
  }
}
