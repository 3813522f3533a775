import { Args } from '@oclif/core'
import { table } from '../../text/table.ts'
import { appFlag, appPath, TasukiCommand } from '../command.ts'
import type { DomainRecord } from '../wire/apps.ts'

export default class DomainsInfo extends TasukiCommand {
  static override summary = 'Show one hostname of an app'
  static override description = 'Shows where its DNS entry is to point, and whether the router knows it.'
  static override examples = ['<%= config.bin %> domains:info www.example.org -a shop']
  static override args = {
    hostname: Args.string({ required: true, description: 'One of `tasuki domains`, or its id.' }),
  }
  static override flags = { ...appFlag }

  async run(): Promise<DomainRecord> {
    const { args, flags } = await this.parse(DomainsInfo)
    const app = await this.appName(flags.app)
    const domain = await (await this.client()).get<DomainRecord>(appPath(app, 'domains', args.hostname))
    const rows = [
      ['hostname', domain.hostname],
      ['dns target', domain.cname ?? '(the own name of the app)'],
      ['router', domain.status === 'pending' ? 'has not been told yet' : 'leads it to the app'],
      ['added', domain.created_at],
      ['id', domain.id],
    ]
    this.print(...table([{ head: '' }, { head: '' }], rows, this.screen.width))
    return domain
  }
}
