import { Args } from '@oclif/core'
import { TasukiCommand } from '../command.ts'
import { hostPath } from '../hosts/state.ts'
import type { Host } from '../wire/server.ts'

export default class HostsResume extends TasukiCommand {
  static override summary = 'Let a drained host take instances again'
  static override description =
    'For admins. What was moved away stays where it is until the next deploy or restart spreads it anew.'
  static override examples = ['<%= config.bin %> hosts:resume h1']
  static override args = { host: Args.string({ required: true, description: 'Name or id.' }) }

  async run(): Promise<Host> {
    const { args } = await this.parse(HostsResume)
    const host = await (await this.client()).post<Host>(`${hostPath(args.host)}/actions/resume`)
    this.print(`${host.name} takes instances.`)
    return host
  }
}
