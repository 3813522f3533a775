import { Args } from '@oclif/core'
import { TasukiCommand } from '../command.ts'

export default class ServerBackup extends TasukiCommand {
  static override summary = "Copy the server's state into a new directory"
  static override description =
    'On the machine of the server, while everything goes on: apps, config, releases, rollouts, the key that opens config, and the token. Keep it as secret as the server itself. Artifacts and logs are not in it.'
  static override examples = ['<%= config.bin %> server:backup /var/backups/tasuki-2026-01-31']
  static override args = {
    directory: Args.string({ required: true, description: 'Absolute; empty or not there yet.' }),
  }

  async run(): Promise<{ directory: string }> {
    const { args } = await this.parse(ServerBackup)
    const done = await (await this.client()).post<{ directory: string }>('/tasuki/server/backups', {
      directory: args.directory,
    })
    this.print(`The state is in ${done.directory}.`)
    return done
  }
}
