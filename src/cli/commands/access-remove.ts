import { Args } from '@oclif/core'
import { appFlag, appPath, TasukiCommand } from '../command.ts'
import type { Collaborator } from '../wire/people.ts'

export default class AccessRemove extends TasukiCommand {
  static override summary = 'Let a user work on an app no longer'
  static override description = 'At once: the next call of theirs finds no such app.'
  static override examples = ['<%= config.bin %> access:remove anna@example.com -a shop']
  static override args = {
    email: Args.string({ required: true, description: 'E-mail address of the user.' }),
  }
  static override flags = { ...appFlag }

  async run(): Promise<Collaborator> {
    const { args, flags } = await this.parse(AccessRemove)
    const app = await this.appName(flags.app)
    const gone = await (await this.client()).delete<Collaborator>(appPath(app, 'collaborators', args.email))
    this.print(`${gone.user.email} may work on ${app} no longer.`)
    return gone
  }
}
