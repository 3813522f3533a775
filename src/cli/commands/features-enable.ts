import { Args } from '@oclif/core'
import { appFlag, appPath, TasukiCommand } from '../command.ts'
import type { Feature } from '../wire/apps.ts'

export default class FeaturesEnable extends TasukiCommand {
  static override summary = 'Switch a feature of an app on'
  static override description =
    'Takes effect with the next rollout. `preboot`: a whole new set of instances is started and checked before any old one is drained.'
  static override examples = ['<%= config.bin %> features:enable preboot -a shop']
  static override args = { feature: Args.string({ required: true, description: 'Its name, e.g. preboot.' }) }
  static override flags = { ...appFlag }

  async run(): Promise<Feature> {
    const { args, flags } = await this.parse(FeaturesEnable)
    const app = await this.appName(flags.app)
    const path = appPath(app, 'features', args.feature)
    const feature = await (await this.client()).patch<Feature>(path, { enabled: true })
    this.print(`${feature.name} of ${app} is ${feature.enabled ? 'on' : 'off'}.`)
    return feature
  }
}
