import { table } from '../../text/table.ts'
import { appFlag, appPath, TasukiCommand } from '../command.ts'
import type { Collaborator } from '../wire/people.ts'

export default class Access extends TasukiCommand {
  static override summary = 'List who works on an app'
  static override description = 'The owner, and the collaborators that were added with `tasuki access:add`.'
  static override examples = ['<%= config.bin %> access -a shop']
  static override flags = { ...appFlag }

  async run(): Promise<readonly Collaborator[]> {
    const { flags } = await this.parse(Access)
    const app = await this.appName(flags.app)
    const people = await (await this.client()).list<Collaborator>(appPath(app, 'collaborators'))
    const { paint, width } = this.screen
    const ordered = [...people].sort((a, b) => Number(b.role === 'owner') - Number(a.role === 'owner'))
    const rows = ordered.map(({ user, role }) => [user.email, paint(role === 'owner' ? 'bold' : 'dim', role)])
    this.print(...table([{ head: '' }, { head: '' }], rows, width))
    return people
  }
}
