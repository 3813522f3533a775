import { resolve } from 'node:path'
import { Args, Flags } from '@oclif/core'
import { TasukiCommand } from '../command.ts'
import { SERVER_DEFAULTS } from '../server-options.ts'

export default class ServerRestore extends TasukiCommand {
  static override summary = 'Put a backup in the place of the state'
  static override description =
    'On the machine of the server, while no server runs on that data. What was there is kept beside it, named *.before-restore. Start the server afterwards.'
  static override examples = [
    '<%= config.bin %> server:restore /var/backups/tasuki-2026-01-31 --data /srv/tasuki',
  ]
  static override args = {
    directory: Args.string({ required: true, description: 'What `server:backup` made.' }),
  }
  static override flags = {
    data: Flags.string({
      env: 'TASUKI_DATA',
      helpValue: 'DIR',
      default: SERVER_DEFAULTS.data,
      summary: 'Data directory of the server.',
    }),
  }

  async run(): Promise<{ data: string }> {
    const { args, flags } = await this.parse(ServerRestore)
    const { restoreFrom } = await import('../../store/backup.ts')
    const data = resolve(flags.data)
    restoreFrom(resolve(args.directory), data)
    this.print(
      `The state of ${args.directory} is in ${data}. Start the server with \`tasuki server --data ${data}\`.`,
    )
    return { data }
  }
}
