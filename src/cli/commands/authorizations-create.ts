import { Flags } from '@oclif/core'
import { TasukiError } from '../../domain/errors.ts'
import { SCOPES } from '../../domain/scopes.ts'
import { TasukiCommand } from '../command.ts'
import type { Authorization } from '../wire/people.ts'

export default class AuthorizationsCreate extends TasukiCommand {
  static override summary = 'Make a token, for a script or another machine'
  static override description = 'It is shown this once. Without --expires-in it is good until it is revoked.'
  static override examples = [
    '<%= config.bin %> authorizations:create -d "nightly backup" --scope read',
    '<%= config.bin %> authorizations:create -d "deploys of shop" --expires-in 90d',
    '$ TASUKI_TOKEN=$(<%= config.bin %> authorizations:create --short) ./script',
  ]
  static override flags = {
    description: Flags.string({ char: 'd', helpValue: 'TEXT', summary: 'What it is for.' }),
    scope: Flags.string({
      char: 's',
      helpValue: 'SCOPES',
      summary: `What it is good for, separated by commas: ${SCOPES.join(', ')}. Default: global.`,
    }),
    'expires-in': Flags.string({
      char: 'e',
      helpValue: 'TIME',
      summary: 'How long it is good: seconds, or 30m, 12h, 90d.',
    }),
    short: Flags.boolean({ char: 'S', summary: 'Print nothing but the token.' }),
  }

  async run(): Promise<Authorization> {
    const { flags } = await this.parse(AuthorizationsCreate)
    const made = await (await this.client()).post<Authorization>('/oauth/authorizations', {
      description: flags.description,
      scope: flags.scope?.split(',').map((word) => word.trim()),
      expires_in: flags['expires-in'] === undefined ? undefined : seconds(flags['expires-in']),
    })
    if (flags.short) this.print(made.access_token.token)
    else
      this.print(
        `Made ${made.id} (${made.scope.join(', ')}): ${made.description}.`,
        'The token, which is shown this once:',
        made.access_token.token,
      )
    return made
  }
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

function seconds(text: string): number {
  const [, count, unit = 's'] = /^(\d{1,10})([smhd])?$/.exec(text) ?? []
  if (count !== undefined) return Number(count) * UNITS[unit]!
  throw new TasukiError('invalid_params', `--expires-in: "${text}" is no time.`, {
    next: 'Give it as seconds, or as 30m, 12h, 90d.',
  })
}
