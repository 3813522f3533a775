import { Args } from '@oclif/core'
import { appFlag, appPath, TasukiCommand } from '../command.ts'
import type { DomainRecord } from '../wire/apps.ts'

export default class DomainsAdd extends TasukiCommand {
  static override summary = 'Let visitors reach an app by another hostname'
  static override description =
    'Counts at once. `*.example.org` stands for every name below it; of several that fit, the most specific wins.\nPoint the DNS entry of the hostname at the server yourself.'
  static override examples = [
    '<%= config.bin %> domains:add www.example.org -a shop',
    "<%= config.bin %> domains:add '*.example.org' -a shop",
  ]
  static override args = {
    hostname: Args.string({ required: true, description: 'A name of a domain of your own.' }),
  }
  static override flags = { ...appFlag }

  async run(): Promise<DomainRecord> {
    const { args, flags } = await this.parse(DomainsAdd)
    const app = await this.appName(flags.app)
    const body = { hostname: args.hostname, sni_endpoint: null }
    const domain = await (await this.client()).post<DomainRecord>(appPath(app, 'domains'), body)
    this.print(`${domain.hostname} leads to ${app}. Point its DNS entry at ${domain.cname}.`)
    return domain
  }
}
