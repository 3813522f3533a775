import { Args, Flags } from '@oclif/core'
import { table } from '../../text/table.ts'
import type { ApiClient } from '../client.ts'
import { appFlag, appPath, TasukiCommand } from '../command.ts'
import { goesOn, interruptible } from '../follow/interrupt.ts'
import { followInstances, matches, stateText } from '../follow/scaling.ts'
import { scaleArgument } from '../scale-argument.ts'
import type { App, FormationEntry } from '../wire/apps.ts'

export default class PsScale extends TasukiCommand {
  static override summary = 'Set how many instances run, and of which size'
  static override description =
    'Scaling makes no release. New instances are checked before they get requests; those to go are drained first. Without arguments, shows the formation.'
  static override examples = [
    '<%= config.bin %> ps:scale web=3 worker=1 -a shop',
    '<%= config.bin %> ps:scale web=2:Standard-2X -a shop',
    '<%= config.bin %> ps:scale web+1 worker-1 -a shop',
    '<%= config.bin %> ps:scale -a shop',
  ]
  static override strict = false
  static override args = {
    changes: Args.string({ description: 'TYPE=QUANTITY, TYPE=QUANTITY:SIZE, TYPE+1 or TYPE-1.' }),
  }
  static override flags = {
    ...appFlag,
    detach: Flags.boolean({ summary: 'Return at once, without waiting for the instances.' }),
  }

  async run(): Promise<readonly FormationEntry[]> {
    const { argv, flags } = await this.parse(PsScale)
    const updates = (argv as string[]).map(scaleArgument)
    const app = await this.appName(flags.app)
    const client = await this.client()
    const path = appPath(app, 'formation')
    const formation =
      updates.length === 0
        ? await client.get<FormationEntry[]>(path)
        : await client.patch<FormationEntry[]>(path, { updates })
    this.print(...this.#lines(app, formation))
    const changed = formation.filter(({ type }) => updates.some((update) => update.type === type))
    if (changed.length > 0 && !flags.detach) await this.#follow(client, app, changed)
    return formation
  }

  #lines(app: string, formation: readonly FormationEntry[]): string[] {
    if (formation.length === 0) return [`${app} has no process types yet: they come with the first deploy.`]
    const rows = formation.map(({ type, quantity, size }) => [type, String(quantity), size])
    return table([{ head: '' }, { head: '', align: 'right' }, { head: '' }], rows, this.screen.width)
  }

  async #follow(client: ApiClient, app: string, wanted: readonly FormationEntry[]): Promise<void> {
    const { released_at } = await client.get<App>(appPath(app))
    if (released_at === null)
      return this.print('Nothing is deployed yet; it will count from the first deploy.')
    await interruptible(
      () => goesOn(app),
      () =>
        followInstances(client, app, {
          show: (dynos) => this.print(`  ${stateText(dynos)}`),
          settled: (dynos) => matches(wanted, dynos),
        }),
    )
    this.print('Done.')
  }
}
