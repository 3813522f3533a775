import { table } from '../../text/table.ts'
import { TasukiCommand } from '../command.ts'
import type { ServerUser } from '../wire/people.ts'

export default class Users extends TasukiCommand {
  static override summary = 'List the users of the server'
  static override description = 'For admins.'
  static override examples = ['<%= config.bin %> users']

  async run(): Promise<readonly ServerUser[]> {
    await this.parse(Users)
    const users = await (await this.client()).get<ServerUser[]>('/tasuki/users')
    const { paint, width } = this.screen
    const rows = users.map(({ email, name, admin }) => [
      email,
      admin ? paint('bold', 'admin') : '',
      name ?? '',
    ])
    this.print(...table([{ head: '' }, { head: '' }, { head: '' }], rows, width))
    return users
  }
}
