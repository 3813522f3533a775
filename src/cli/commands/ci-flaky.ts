import { table } from '../../text/table.ts'
import { testedFlags, testedPipeline } from '../ci.ts'
import { TasukiCommand } from '../command.ts'
import { pipelinePath } from '../pipelines.ts'
import type { FlakyRecord } from '../wire/tests.ts'

export default class CiFlaky extends TasukiCommand {
  static override summary = 'List test cases that do not always say the same'
  static override description =
    'Those that, among the newest hundred runs, have passed and failed with the same commit. The one that failed most often stands first.'
  static override examples = ['<%= config.bin %> ci:flaky -p shop-line']
  static override flags = { ...testedFlags }

  async run(): Promise<readonly FlakyRecord[]> {
    const { flags } = await this.parse(CiFlaky)
    const client = await this.client()
    const pipeline = await testedPipeline(client, flags, (app) => this.appName(app))
    const found = await client.get<FlakyRecord[]>(`/tasuki${pipelinePath(pipeline.id, 'flaky-tests')}`)
    if (found.length === 0) this.print('No case has passed and failed with the same commit.')
    else this.print(...this.#lines(found))
    return found
  }

  #lines(found: readonly FlakyRecord[]): string[] {
    const { paint, width } = this.screen
    const rows = found.map((one) => [
      `${one.failures} of ${one.runs}`,
      `#${one.last_failure}`,
      one.description,
    ])
    const heads = ['failed in runs', 'last', 'case']
    return table(
      heads.map((head) => ({ head: paint('dim', head) })),
      rows,
      width,
    )
  }
}
