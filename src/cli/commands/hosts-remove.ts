import { Args, Flags } from '@oclif/core'
import { TasukiCommand } from '../command.ts'
import { hostPath } from '../hosts/state.ts'
import type { Host } from '../wire/server.ts'

export default class HostsRemove extends TasukiCommand {
  static override summary = 'Let go of a host'
  static override description =
    'For admins. A host with instances is drained first (`tasuki hosts:drain`). --force lets go of one that does not answer any more: what it had is started elsewhere, and runs on there if it still runs.\nWith --force, asks for the name; without a terminal, --confirm gives it.'
  static override examples = [
    '<%= config.bin %> hosts:remove h1',
    '<%= config.bin %> hosts:remove h1 --force --confirm h1',
  ]
  static override args = { host: Args.string({ required: true, description: 'Name or id.' }) }
  static override flags = {
    force: Flags.boolean({ summary: 'Also one that does not answer and had instances.' }),
    confirm: Flags.string({ helpValue: 'HOST', summary: 'Its name once more, instead of being asked.' }),
  }

  async run(): Promise<Host> {
    const { args, flags } = await this.parse(HostsRemove)
    const client = await this.client()
    const { name } = await client.get<Host>(hostPath(args.host))
    if (flags.force)
      await this.confirm(name, flags.confirm, {
        end: 'to let go of it',
        refusal: `${name} was not removed: its name was not confirmed.`,
      })
    const gone = await client.delete<Host>(hostPath(args.host), { force: flags.force })
    this.print(`${gone.name} is no host any more.`)
    return gone
  }
}
