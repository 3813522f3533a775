import { Args } from '@oclif/core'
import { appFlag, appPath, TasukiCommand } from '../command.ts'
import type { WebhookRecord } from '../wire/apps.ts'

export default class WebhooksRemove extends TasukiCommand {
  static override summary = 'No longer tell an address of the changes of an app'
  static override description = 'What it has not been told yet is forgotten.'
  static override examples = ['<%= config.bin %> webhooks:remove ID -a shop']
  static override args = {
    id: Args.string({ required: true, description: 'As `tasuki webhooks` shows it.' }),
  }
  static override flags = { ...appFlag }

  async run(): Promise<WebhookRecord> {
    const { args, flags } = await this.parse(WebhooksRemove)
    const app = await this.appName(flags.app)
    const webhook = await (await this.client()).delete<WebhookRecord>(appPath(app, 'webhooks', args.id))
    this.print(`${webhook.url} is no longer told of ${app}.`)
    return webhook
  }
}
