import { Args } from '@oclif/core'
import { table } from '../../text/table.ts'
import { TasukiCommand } from '../command.ts'
import { hostPath, hostState } from '../hosts/state.ts'
import type { Host } from '../wire/server.ts'

export default class HostsInfo extends TasukiCommand {
  static override summary = 'Show a host and what runs there'
  static override description =
    'For admins. Of a host that does not answer, what was last known of it: its instances may still run.'
  static override examples = ['<%= config.bin %> hosts:info h1']
  static override args = { host: Args.string({ required: true, description: 'Name or id.' }) }

  async run(): Promise<Host> {
    const { args } = await this.parse(HostsInfo)
    const host = await (await this.client()).get<Host>(hostPath(args.host))
    const { paint, width } = this.screen
    const about = [
      ['url', host.url],
      ['state', hostState(host, paint)],
      ['labels', host.labels.join(', ') || '-'],
      ['private address', host.private_address],
      ['host key', host.host_key ?? '-'],
    ] as const
    this.print(
      `=== ${host.name}`,
      ...about.map(([name, value]) => `${paint('dim', name.padEnd(16))}${value}`),
    )
    if (host.failure !== null) this.print(`${paint('dim', 'why'.padEnd(16))}${host.failure}`)
    const columns = ['app', 'name', 'release', 'state', 'instance'].map((head) => ({
      head: paint('dim', head),
    }))
    const rows = host.instances.map(({ app, name, release, state, instance }) => [
      ...[app.name, name, `v${release}`],
      ...[host.reachable ? state : `${state} when last seen`, instance],
    ])
    if (rows.length > 0) this.print('', ...table(columns, rows, width))
    return host
  }
}
