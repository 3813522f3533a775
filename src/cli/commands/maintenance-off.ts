import { appFlag, appPath, TasukiCommand } from '../command.ts'
import type { App } from '../wire/apps.ts'

export default class MaintenanceOff extends TasukiCommand {
  static override summary = 'Let visitors in again'
  static override description = 'Ends what `tasuki maintenance:on` began.'
  static override examples = ['<%= config.bin %> maintenance:off -a shop']
  static override flags = { ...appFlag }

  async run(): Promise<{ app: string; maintenance: boolean }> {
    const { flags } = await this.parse(MaintenanceOff)
    const app = await this.appName(flags.app)
    const { maintenance } = await (await this.client()).patch<App>(appPath(app), { maintenance: false })
    this.print(`Maintenance of ${app} is ${maintenance ? 'on' : 'off'}.`)
    return { app, maintenance }
  }
}
