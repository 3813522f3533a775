import { randomBytes } from 'node:crypto'
import { Flags } from '@oclif/core'
import { ENTITIES, LEVELS } from '../../domain/webhook.ts'
import { appFlag, appPath, TasukiCommand } from '../command.ts'
import type { WebhookRecord } from '../wire/apps.ts'

const SECRET_BYTES = 32

export default class WebhooksAdd extends TasukiCommand {
  static override summary = 'Tell an address of the changes of an app'
  static override description =
    'Each delivery bears `Heroku-Webhook-Hmac-SHA256`, the HMAC-SHA256 of its body with the secret, in base64. Without --secret one is made, and shown this once.'
  static override examples = [
    '<%= config.bin %> webhooks:add -i api:release -u https://example.org/hook -a shop',
    '<%= config.bin %> webhooks:add -i api:release,dyno -l sync -u https://example.org/hook -a shop',
  ]
  static override flags = {
    ...appFlag,
    include: Flags.string({
      char: 'i',
      helpValue: 'KINDS',
      required: true,
      summary: `Kinds of change, separated by commas: ${ENTITIES.join(', ')}.`,
    }),
    level: Flags.option({
      char: 'l',
      helpValue: 'LEVEL',
      options: [...LEVELS],
      default: 'notify' as const,
      summary: 'notify: some attempts within minutes. sync: tried for three days.',
    })(),
    url: Flags.string({ char: 'u', helpValue: 'URL', required: true, summary: 'http:// or https://.' }),
    secret: Flags.string({ char: 's', helpValue: 'SECRET', summary: 'What deliveries are signed with.' }),
    authorization: Flags.string({
      char: 't',
      helpValue: 'VALUE',
      summary: 'The Authorization header of deliveries.',
    }),
  }

  async run(): Promise<WebhookRecord & { readonly secret: string }> {
    const { flags } = await this.parse(WebhooksAdd)
    const { include, level, url, authorization } = flags
    const app = await this.appName(flags.app)
    const secret = flags.secret ?? randomBytes(SECRET_BYTES).toString('hex')
    const wish = { include: include.split(',').map((kind) => kind.trim()), level, url, secret, authorization }
    const webhook = await (await this.client()).post<WebhookRecord>(appPath(app, 'webhooks'), wish)
    this.print(`${webhook.url} is told of ${webhook.include.join(', ')} of ${app}.`, `Secret: ${secret}`)
    return { ...webhook, secret }
  }
}
