import { table } from '../../text/table.ts'
import { TasukiCommand } from '../command.ts'
import type { Authorization } from '../wire/people.ts'
import { instant } from '../wire/rollouts.ts'

export default class Authorizations extends TasukiCommand {
  static override summary = 'List your tokens'
  static override description =
    'What each is for, what it is good for, and until when. The tokens themselves are not kept.'
  static override examples = ['<%= config.bin %> authorizations']

  async run(): Promise<readonly Authorization[]> {
    await this.parse(Authorizations)
    const all = await (await this.client()).list<Authorization>('/oauth/authorizations')
    const { paint, width } = this.screen
    const rows = [...all]
      .sort((a, b) => instant(b.created_at) - instant(a.created_at))
      .map(({ id, scope, access_token, description }) => [
        id,
        access_token.token.replace(/\*+$/, '…'),
        scope.join(','),
        until(access_token.expires_in),
        paint('bold', description),
      ])
    const heads = ['id', 'token', 'scope', 'until', 'description'].map((head) => ({ head }))
    this.print(...table(heads, rows, width))
    return all
  }
}

function until(seconds: number | null): string {
  if (seconds === null) return 'revoked'
  return new Date(Date.now() + seconds * 1000).toISOString().slice(0, 16).replace('T', ' ')
}
