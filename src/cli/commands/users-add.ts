import { Args, Flags } from '@oclif/core'
import { TasukiCommand } from '../command.ts'
import type { ServerUser } from '../wire/people.ts'

export default class UsersAdd extends TasukiCommand {
  static override summary = 'Add a user of the server'
  static override description =
    'For admins. A password is made and shown this once; its user changes it with `tasuki users:passwd`.\nA user sees the apps that they make, and those that they are given access to with `tasuki access:add`.'
  static override examples = [
    '<%= config.bin %> users:add anna@example.com --name "Anna A."',
    '<%= config.bin %> users:add chief@example.com --admin',
  ]
  static override args = { email: Args.string({ required: true, description: 'E-mail address.' }) }
  static override flags = {
    name: Flags.string({ helpValue: 'NAME', summary: 'How they are called.' }),
    admin: Flags.boolean({ summary: 'They see and change all apps, and manage users and server.' }),
  }

  async run(): Promise<ServerUser & { password: string }> {
    const { args, flags } = await this.parse(UsersAdd)
    const wish = { email: args.email, name: flags.name, admin: flags.admin }
    const user = await (await this.client()).post<ServerUser & { password: string }>('/tasuki/users', wish)
    this.print(`Added ${user.email}. The password, which is shown this once:`, user.password)
    return user
  }
}
