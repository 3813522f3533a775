import { Args } from '@oclif/core'
import { TasukiCommand } from '../command.ts'
import { configPath, pipelineFlag } from '../review-apps.ts'

export default class ReviewappsConfigUnset extends TasukiCommand {
  static override summary = 'Remove config vars of a pipeline’s review apps'
  static override description = 'Those that are made from now on do not have them; the others keep them.'
  static override examples = ['<%= config.bin %> reviewapps:config:unset PAYMENTS -p shop-line']
  static override strict = false
  static override args = { keys: Args.string({ required: true, description: 'Names of config vars.' }) }
  static override flags = { ...pipelineFlag }

  async run(): Promise<unknown> {
    const { argv, flags } = await this.parse(ReviewappsConfigUnset)
    const keys = argv as string[]
    const change = Object.fromEntries(keys.map((key) => [key, null]))
    const all = await (await this.client()).patch(configPath(flags.pipeline), change)
    this.print(`Removed ${keys.join(', ')} from the review apps of ${flags.pipeline}.`)
    return all
  }
}
