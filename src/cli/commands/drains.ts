import { withoutCredentials } from '../../domain/drain-url.ts'
import { table } from '../../text/table.ts'
import { appFlag, appPath, TasukiCommand } from '../command.ts'
import type { LogDrain } from '../wire/apps.ts'

export default class Drains extends TasukiCommand {
  static override summary = 'List where the log of an app is sent to'
  static override description =
    'Shows how many lines were sent and dropped since the server started, and what is wrong. Credentials in an address are shown with --json only.'
  static override examples = ['<%= config.bin %> drains -a shop']
  static override flags = { ...appFlag }

  async run(): Promise<readonly LogDrain[]> {
    const { flags } = await this.parse(Drains)
    const app = await this.appName(flags.app)
    const drains = await (await this.client()).list<LogDrain>(appPath(app, 'log-drains'))
    if (drains.length === 0) this.print(`${app} has no drains. \`tasuki drains:add URL\` adds one.`)
    else this.#show(drains)
    return drains
  }

  #show(drains: readonly LogDrain[]): void {
    const { paint, width } = this.screen
    const columns = ['address', 'token', 'sent', 'dropped', 'state'].map((head) => ({ head }))
    const rows = drains.map(({ url, token, tasuki: { sent, dropped, failing } }) => [
      withoutCredentials(url),
      token,
      String(sent),
      String(dropped),
      failing === null ? paint('green', 'ok') : paint('red', failing),
    ])
    this.print(...table(columns, rows, width))
  }
}
