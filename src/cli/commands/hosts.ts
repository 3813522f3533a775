import { table } from '../../text/table.ts'
import { TasukiCommand } from '../command.ts'
import { hostState } from '../hosts/state.ts'
import type { Host } from '../wire/server.ts'

export default class Hosts extends TasukiCommand {
  static override summary = 'List the machines with Docker on which apps run'
  static override description =
    'For admins. Apps go to hosts by label (`tasuki place`); the machine of the server itself needs no entry to run apps as processes.'
  static override examples = ['<%= config.bin %> hosts', '<%= config.bin %> hosts --json']

  async run(): Promise<readonly Host[]> {
    await this.parse(Hosts)
    const hosts = await (await this.client()).list<Host>('/tasuki/hosts')
    if (hosts.length === 0)
      this.print('There are no hosts. `tasuki hosts:add ssh://USER@ADDRESS` takes one in.')
    else this.#show(hosts)
    return hosts
  }

  #show(hosts: readonly Host[]): void {
    const { paint, width } = this.screen
    const columns = ['name', 'state', 'labels', 'instances', 'address', 'url'].map((head) => ({
      head: paint('dim', head),
      align: head === 'instances' ? ('right' as const) : ('left' as const),
    }))
    const rows = hosts.map((host) => [
      paint('bold', host.name),
      hostState(host, paint),
      host.labels.join(', ') || '-',
      String(host.instances.length),
      host.private_address,
      host.url,
    ])
    this.print(...table(columns, rows, width))
  }
}
