import { ago } from '../../text/numbers.ts'
import { table } from '../../text/table.ts'
import { TasukiCommand } from '../command.ts'
import type { App } from '../wire/apps.ts'
import { instant } from '../wire/rollouts.ts'

export default class Apps extends TasukiCommand {
  static override summary = 'List the apps'
  static override description = 'Lists all apps with their addresses and when they were last released.'
  static override examples = ['<%= config.bin %> apps', '<%= config.bin %> apps --json']

  async run(): Promise<readonly App[]> {
    await this.parse(Apps)
    const apps = await (await this.client()).list<App>('/apps')
    if (apps.length === 0) this.print('No apps yet. Make one with `tasuki create NAME`.')
    else this.print(...this.#lines(apps))
    return apps
  }

  #lines(apps: readonly App[]): string[] {
    const { paint, width } = this.screen
    const rows = apps.map((app) => [
      paint('bold', app.name),
      app.web_url ?? '',
      app.released_at === null ? 'not released yet' : ago(Date.now() - instant(app.released_at)),
      [app.maintenance ? paint('yellow', 'maintenance') : '', sleepWord(app)].filter(Boolean).join(', '),
    ])
    return table([{ head: '' }, { head: '' }, { head: '' }, { head: '' }], rows, width)
  }
}

/** An app that is simply awake is not worth a word. */
function sleepWord({ tasuki }: App): string {
  return tasuki === undefined || tasuki.sleep === 'awake' ? '' : tasuki.sleep
}
