import { appFlag, appPath, TasukiCommand } from '../command.ts'
import type { App } from '../wire/apps.ts'

export default class MaintenanceOn extends TasukiCommand {
  static override summary = 'Show visitors the maintenance page'
  static override description = 'From now on visitors get a 503 page from the router; instances run on.'
  static override examples = ['<%= config.bin %> maintenance:on -a shop']
  static override flags = { ...appFlag }

  async run(): Promise<{ app: string; maintenance: boolean }> {
    const { flags } = await this.parse(MaintenanceOn)
    const app = await this.appName(flags.app)
    const { maintenance } = await (await this.client()).patch<App>(appPath(app), { maintenance: true })
    this.print(`Maintenance of ${app} is ${maintenance ? 'on' : 'off'}.`)
    return { app, maintenance }
  }
}
