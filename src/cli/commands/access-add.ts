import { Args } from '@oclif/core'
import { appFlag, appPath, TasukiCommand } from '../command.ts'
import type { Collaborator } from '../wire/people.ts'

export default class AccessAdd extends TasukiCommand {
  static override summary = 'Let a user work on an app'
  static override description =
    'They may do everything with it but rename, transfer or destroy it. They must be a user of the server: see `tasuki users:add`.'
  static override examples = ['<%= config.bin %> access:add anna@example.com -a shop']
  static override args = {
    email: Args.string({ required: true, description: 'E-mail address of the user.' }),
  }
  static override flags = { ...appFlag }

  async run(): Promise<Collaborator> {
    const { args, flags } = await this.parse(AccessAdd)
    const app = await this.appName(flags.app)
    const added = await (await this.client()).post<Collaborator>(appPath(app, 'collaborators'), {
      user: args.email,
    })
    this.print(`${added.user.email} may work on ${app}.`)
    return added
  }
}
