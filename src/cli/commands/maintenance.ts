import { appFlag, appPath, TasukiCommand } from '../command.ts'
import type { App } from '../wire/apps.ts'

export default class Maintenance extends TasukiCommand {
  static override summary = 'Tell whether visitors see the maintenance page'
  static override description =
    'With maintenance on, the app runs on, but visitors get a 503 page from the router.'
  static override examples = ['<%= config.bin %> maintenance -a shop']
  static override flags = { ...appFlag }

  async run(): Promise<{ app: string; maintenance: boolean }> {
    const { flags } = await this.parse(Maintenance)
    const app = await this.appName(flags.app)
    const { maintenance } = await (await this.client()).get<App>(appPath(app))
    this.print(maintenance ? 'on' : 'off')
    return { app, maintenance }
  }
}
