import { Args } from '@oclif/core'
import { withoutCredentials } from '../../domain/drain-url.ts'
import { appFlag, appPath, TasukiCommand } from '../command.ts'
import type { LogDrain } from '../wire/apps.ts'

export default class DrainsRemove extends TasukiCommand {
  static override summary = 'Send the log of an app somewhere no longer'
  static override description = 'What had not been sent yet is not sent any more.'
  static override examples = [
    '<%= config.bin %> drains:remove syslog+tls://logs.example.com:6514 -a shop',
    '<%= config.bin %> drains:remove d.9173ea1f-6f14-4976-9cf0-7cd0dafdcdbc -a shop',
  ]
  static override args = { drain: Args.string({ required: true, description: 'Its address, token or id.' }) }
  static override flags = { ...appFlag }

  async run(): Promise<LogDrain> {
    const { args, flags } = await this.parse(DrainsRemove)
    const app = await this.appName(flags.app)
    // Encoded twice: proxies on the way like to take the slashes of an address for their own.
    const path = appPath(app, 'log-drains', encodeURIComponent(args.drain))
    const drain = await (await this.client()).delete<LogDrain>(path)
    this.print(`The log of ${app} is not sent to ${withoutCredentials(drain.url)} any more.`)
    return drain
  }
}
