import { table } from '../../text/table.ts'
import { appFlag, appPath, TasukiCommand } from '../command.ts'
import type { WebhookRecord } from '../wire/apps.ts'

export default class Webhooks extends TasukiCommand {
  static override summary = 'List whom an app tells of its changes'
  static override description = 'Each webhook is an address that is told, by HTTP, of some kinds of change.'
  static override examples = ['<%= config.bin %> webhooks -a shop']
  static override flags = { ...appFlag }

  async run(): Promise<readonly WebhookRecord[]> {
    const { flags } = await this.parse(Webhooks)
    const app = await this.appName(flags.app)
    const webhooks = await (await this.client()).list<WebhookRecord>(appPath(app, 'webhooks'))
    const rows = webhooks.map(({ id, url, include, level }) => [id, url, include.join(','), level])
    const heads = [{ head: 'id' }, { head: 'url' }, { head: 'include' }, { head: 'level' }]
    this.print(...table(heads, rows, this.screen.width))
    return webhooks
  }
}
