import { readFile } from 'node:fs/promises'
import { Args, Flags } from '@oclif/core'
import { withoutCredentials } from '../../domain/drain-url.ts'
import { TasukiError } from '../../domain/errors.ts'
import { appFlag, appPath, TasukiCommand } from '../command.ts'
import type { LogDrain } from '../wire/apps.ts'

export default class DrainsAdd extends TasukiCommand {
  static override summary = 'Send the log of an app to a log service'
  static override description =
    'Each line from now on, of instances, router and platform. `https://USER:PASSWORD@HOST/PATH` gets batches of `application/logplex-1`, `syslog+tls://HOST:PORT` and `syslog://HOST:PORT` get RFC 5424 with octet counting.\nA drain that is slow or away slows nothing: it goes on where it stood, as far as the log is kept.'
  static override examples = [
    '<%= config.bin %> drains:add https://user:key@logs.example.com/in -a shop',
    '<%= config.bin %> drains:add syslog+tls://logs.example.com:6514 --ca authority.pem -a shop',
  ]
  static override args = { url: Args.string({ required: true, description: 'Its address.' }) }
  static override flags = {
    ...appFlag,
    ca: Flags.string({
      helpValue: 'FILE',
      summary: 'Certificate (PEM) of the authority of the service, if it is none of the well-known ones.',
    }),
  }

  async run(): Promise<LogDrain> {
    const { args, flags } = await this.parse(DrainsAdd)
    const app = await this.appName(flags.app)
    const authority = flags.ca === undefined ? {} : { authority: await authorityIn(flags.ca) }
    const body = { url: args.url, ...authority }
    const drain = await (await this.client()).post<LogDrain>(appPath(app, 'log-drains'), body)
    this.print(`The log of ${app} is sent to ${withoutCredentials(drain.url)}, as ${drain.token}.`)
    return drain
  }
}

async function authorityIn(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch((cause: Error) => {
    throw new TasukiError('invalid_params', `Can not read ${file}: ${cause.message}.`, { cause })
  })
}
