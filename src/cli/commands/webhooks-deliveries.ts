import { table } from '../../text/table.ts'
import { appFlag, appPath, TasukiCommand } from '../command.ts'
import type { DeliveryRecord } from '../wire/apps.ts'

export default class WebhooksDeliveries extends TasukiCommand {
  static override summary = 'Show how telling the webhooks of an app went'
  static override description = 'The last deliveries, newest first: what of, how often tried, with which end.'
  static override examples = ['<%= config.bin %> webhooks:deliveries -a shop']
  static override flags = { ...appFlag }

  async run(): Promise<readonly DeliveryRecord[]> {
    const { flags } = await this.parse(WebhooksDeliveries)
    const app = await this.appName(flags.app)
    const deliveries = await (await this.client()).get<DeliveryRecord[]>(appPath(app, 'webhook-deliveries'))
    const rows = deliveries.map((one) => [
      one.created_at,
      one.event.include,
      one.status,
      String(one.num_attempts),
      String(one.last_attempt?.code ?? one.last_attempt?.error_class ?? ''),
    ])
    const heads = ['at', 'of', 'status', 'attempts', 'last answer'].map((head) => ({ head }))
    this.print(...table(heads, rows, this.screen.width))
    return deliveries
  }
}
