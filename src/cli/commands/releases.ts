import { Flags } from '@oclif/core'
import { ago } from '../../text/numbers.ts'
import type { Style } from '../../text/screen.ts'
import { table } from '../../text/table.ts'
import { appFlag, TasukiCommand } from '../command.ts'
import { newestReleases } from '../follow/newest.ts'
import type { Release } from '../wire/apps.ts'
import { instant } from '../wire/rollouts.ts'

const STYLES: Readonly<Record<string, Style>> = { pending: 'yellow', failed: 'red', expired: 'dim' }

export default class Releases extends TasukiCommand {
  static override summary = 'List the releases'
  static override description =
    'Newest first. A release is an artifact with its config; `tasuki rollback vN` makes an earlier one serve again.'
  static override examples = [
    '<%= config.bin %> releases -a shop',
    '<%= config.bin %> releases -a shop -n 50',
  ]
  static override flags = {
    ...appFlag,
    num: Flags.integer({ char: 'n', min: 1, default: 15, helpValue: 'NUMBER', summary: 'How many to show.' }),
  }

  async run(): Promise<readonly Release[]> {
    const { flags } = await this.parse(Releases)
    const app = await this.appName(flags.app)
    const releases = await newestReleases(await this.client(), app, flags.num)
    if (releases.length === 0) this.print(`${app} has no releases yet.`)
    else this.print(...this.#lines(releases))
    return releases
  }

  #lines(releases: readonly Release[]): string[] {
    const { paint, width } = this.screen
    const rows = releases.map((release) => [
      paint(release.current ? 'green' : 'bold', `v${release.version}`),
      release.current ? paint('green', 'current') : paint(STYLES[release.status] ?? 'dim', release.status),
      ago(Date.now() - instant(release.created_at)),
      release.commit?.slice(0, 8) ?? '',
      release.description,
    ])
    const heads = ['release', 'status', 'made', 'commit', 'why']
    return table(
      heads.map((head) => ({ head: paint('dim', head) })),
      rows,
      width,
    )
  }
}
