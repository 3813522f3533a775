import { Args } from '@oclif/core'
import { appFlag, appPath, TasukiCommand } from '../command.ts'
import type { Feature } from '../wire/apps.ts'

export default class FeaturesDisable extends TasukiCommand {
  static override summary = 'Switch a feature of an app off'
  static override description = 'Takes effect with the next rollout.'
  static override examples = ['<%= config.bin %> features:disable preboot -a shop']
  static override args = { feature: Args.string({ required: true, description: 'Its name, e.g. preboot.' }) }
  static override flags = { ...appFlag }

  async run(): Promise<Feature> {
    const { args, flags } = await this.parse(FeaturesDisable)
    const app = await this.appName(flags.app)
    const path = appPath(app, 'features', args.feature)
    const feature = await (await this.client()).patch<Feature>(path, { enabled: false })
    this.print(`${feature.name} of ${app} is ${feature.enabled ? 'on' : 'off'}.`)
    return feature
  }
}
