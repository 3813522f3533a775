import { table } from '../../text/table.ts'
import { appFlag, appPath, TasukiCommand } from '../command.ts'
import type { Feature } from '../wire/apps.ts'

export default class Features extends TasukiCommand {
  static override summary = 'List the features of an app'
  static override description =
    'Shows which are on; `tasuki features:enable` and `features:disable` switch them.'
  static override examples = ['<%= config.bin %> features -a shop']
  static override flags = { ...appFlag }

  async run(): Promise<readonly Feature[]> {
    const { flags } = await this.parse(Features)
    const app = await this.appName(flags.app)
    const features = await (await this.client()).get<Feature[]>(appPath(app, 'features'))
    const { paint, width } = this.screen
    const rows = features.map(({ name, enabled, description }) => [
      paint('bold', name),
      enabled ? paint('green', 'on') : paint('dim', 'off'),
      description,
    ])
    this.print(...table([{ head: '' }, { head: '' }, { head: '' }], rows, width))
    return features
  }
}
