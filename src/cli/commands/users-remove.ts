import { Args, Flags } from '@oclif/core'
import { TasukiCommand } from '../command.ts'
import type { ServerUser } from '../wire/people.ts'

export default class UsersRemove extends TasukiCommand {
  static override summary = 'Remove a user of the server'
  static override description =
    'For admins. Their tokens and password are worth nothing from then on. Apps of theirs need another owner first, or with --transfer-to.'
  static override examples = [
    '<%= config.bin %> users:remove anna@example.com',
    '<%= config.bin %> users:remove anna@example.com --transfer-to bert@example.com',
  ]
  static override args = { email: Args.string({ required: true, description: 'E-mail address.' }) }
  static override flags = {
    'transfer-to': Flags.string({ helpValue: 'EMAIL', summary: 'Who is to own their apps.' }),
  }

  async run(): Promise<ServerUser> {
    const { args, flags } = await this.parse(UsersRemove)
    const path = `/tasuki/users/${encodeURIComponent(args.email)}`
    const gone = await (await this.client()).delete<ServerUser>(path, { transfer_to: flags['transfer-to'] })
    this.print(`Removed ${gone.email}.`)
    return gone
  }
}
