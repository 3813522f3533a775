import { Flags } from '@oclif/core'
import { ago, duration } from '../../text/numbers.ts'
import { table } from '../../text/table.ts'
import { newestRuns, shownStatus, testedFlags, testedPipeline } from '../ci.ts'
import { TasukiCommand } from '../command.ts'
import { instant } from '../wire/rollouts.ts'
import type { TestRunRecord } from '../wire/tests.ts'

export default class Ci extends TasukiCommand {
  static override summary = 'List the test runs of a pipeline'
  static override description =
    'Newest first. Each push of a pipeline whose tests are on (`tasuki ci:enable`) gives a run; so does `tasuki ci:run`.'
  static override examples = ['<%= config.bin %> ci -p shop-line', '<%= config.bin %> ci -a shop -n 50']
  static override flags = {
    ...testedFlags,
    num: Flags.integer({ char: 'n', min: 1, default: 15, helpValue: 'NUMBER', summary: 'How many to show.' }),
  }

  async run(): Promise<readonly TestRunRecord[]> {
    const { flags } = await this.parse(Ci)
    const client = await this.client()
    const pipeline = await testedPipeline(client, flags, (app) => this.appName(app))
    const runs = await newestRuns(client, pipeline, flags.num)
    if (runs.length === 0)
      this.print(`${pipeline.name} has no test runs yet. Begin one with \`tasuki ci:run\`.`)
    else this.print(...this.#lines(runs))
    return runs
  }

  #lines(runs: readonly TestRunRecord[]): string[] {
    const { paint, width } = this.screen
    const rows = runs.map((run) => [
      paint('bold', `#${run.number}`),
      shownStatus(run.status, this.screen),
      run.commit_branch,
      run.commit_sha.slice(0, 8),
      ago(Date.now() - instant(run.created_at)),
      run.tasuki.ended_at === null ? '' : duration(instant(run.tasuki.ended_at) - instant(run.created_at)),
      run.commit_message.split('\n')[0] ?? '',
    ])
    const heads = ['run', 'status', 'branch', 'commit', 'begun', 'took', 'message']
    return table(
      heads.map((head) => ({ head: paint('dim', head) })),
      rows,
      width,
    )
  }
}
