import { table } from '../../text/table.ts'
import { appFlag, appPath, TasukiCommand } from '../command.ts'
import type { DomainRecord } from '../wire/apps.ts'

export default class Domains extends TasukiCommand {
  static override summary = 'List the hostnames of an app'
  static override description =
    'Shows by which hostnames visitors reach the app, and where the DNS entry of each is to point.'
  static override examples = ['<%= config.bin %> domains -a shop']
  static override flags = { ...appFlag }

  async run(): Promise<readonly DomainRecord[]> {
    const { flags } = await this.parse(Domains)
    const app = await this.appName(flags.app)
    const domains = await (await this.client()).list<DomainRecord>(appPath(app, 'domains'))
    const { paint, width } = this.screen
    const rows = domains.map(({ hostname, cname, status }) => [
      paint('bold', hostname),
      cname ?? '',
      status === 'pending' ? paint('yellow', 'the router has not been told yet') : '',
    ])
    this.print(...table([{ head: 'hostname' }, { head: 'dns target' }, { head: '' }], rows, width))
    return domains
  }
}
