import { Args } from '@oclif/core'
import { appFlag, appPath, TasukiCommand } from '../command.ts'
import type { DomainRecord } from '../wire/apps.ts'

export default class DomainsRemove extends TasukiCommand {
  static override summary = 'Take a hostname from an app'
  static override description = 'Visitors of it get 404 from then on, and any app may have it.'
  static override examples = ['<%= config.bin %> domains:remove www.example.org -a shop']
  static override args = {
    hostname: Args.string({ required: true, description: 'One of `tasuki domains`, or its id.' }),
  }
  static override flags = { ...appFlag }

  async run(): Promise<DomainRecord> {
    const { args, flags } = await this.parse(DomainsRemove)
    const app = await this.appName(flags.app)
    const domain = await (await this.client()).delete<DomainRecord>(appPath(app, 'domains', args.hostname))
    this.print(`${domain.hostname} no longer leads to ${app}.`)
    return domain
  }
}
