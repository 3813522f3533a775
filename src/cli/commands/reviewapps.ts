import { ago } from '../../text/numbers.ts'
import type { Style } from '../../text/screen.ts'
import { table } from '../../text/table.ts'
import { TasukiCommand } from '../command.ts'
import { pipelineFlag, reviewApps } from '../review-apps.ts'
import type { ReviewAppRecord } from '../wire/pipelines.ts'
import { instant } from '../wire/rollouts.ts'

const STYLES: Readonly<Record<string, Style>> = { created: 'green', errored: 'red', deleting: 'dim' }

export default class Reviewapps extends TasukiCommand {
  static override summary = 'List the review apps of a pipeline'
  static override description = 'Newest first, with what each waits for, or why it failed.'
  static override examples = ['<%= config.bin %> reviewapps -p shop-line']
  static override flags = { ...pipelineFlag }

  async run(): Promise<readonly ReviewAppRecord[]> {
    const { flags } = await this.parse(Reviewapps)
    const all = await reviewApps(await this.client(), flags.pipeline)
    if (all.length === 0)
      this.print(
        'There is none. `tasuki reviewapps:create` makes one of a branch; `tasuki reviewapps:enable --autodeploy` of each pull request.',
      )
    else this.print(...this.#lines(all))
    return all
  }

  #lines(all: readonly ReviewAppRecord[]): string[] {
    const { paint, width } = this.screen
    const rows = all.map(({ status, branch, pr_number, message, created_at, tasuki }) => [
      paint('bold', tasuki.app_name ?? '-'),
      tasuki.sleep === 'asleep' && status === 'created'
        ? paint('dim', 'asleep')
        : paint(STYLES[status] ?? 'yellow', status),
      pr_number === null ? '' : `#${pr_number}`,
      branch,
      (tasuki.served_commit ?? tasuki.commit)?.slice(0, 8) ?? '',
      ago(Date.now() - instant(tasuki.deployed_at ?? created_at)),
      message ?? tasuki.web_url ?? '',
    ])
    const heads = ['app', 'status', 'pull', 'branch', 'commit', 'deployed', '']
    return table(
      heads.map((head) => ({ head: paint('dim', head) })),
      rows,
      width,
    )
  }
}
