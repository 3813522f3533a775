import { Args, Flags } from '@oclif/core'
import { TasukiError } from '../../domain/errors.ts'
import { ago } from '../../text/numbers.ts'
import type { Style } from '../../text/screen.ts'
import { table } from '../../text/table.ts'
import { ourPath, TasukiCommand } from '../command.ts'
import { instant } from '../wire/rollouts.ts'

interface Rule {
  readonly branch: string
  readonly wait_for_ci: boolean
}

interface Deploy {
  readonly commit: string
  readonly message: string
  readonly status: string
  readonly reason: string | null
  readonly created_at: string
}

const STYLES: Readonly<Record<string, Style>> = { succeeded: 'green', failed: 'red', held: 'red' }
const SHOWN = 10

export default class PipelinesAutodeploy extends TasukiCommand {
  static override summary = 'Deploy each push of a branch to an app by itself'
  static override description =
    'The app follows a branch of its pipeline’s repository: each push to it is built and handed over to; with --wait-for-ci, once its tests have passed. A newer push takes the place of an older one that still waits. Without --branch, shows which branch the app follows and what came of its latest pushes.'
  static override examples = [
    '<%= config.bin %> pipelines:autodeploy shop-staging --branch main --wait-for-ci',
    '<%= config.bin %> pipelines:autodeploy shop-staging',
    '<%= config.bin %> pipelines:autodeploy shop-staging --off',
  ]
  static override args = { app: Args.string({ required: true, description: 'An app in a pipeline.' }) }
  static override flags = {
    branch: Flags.string({ char: 'b', helpValue: 'BRANCH', summary: 'The branch to follow.' }),
    'wait-for-ci': Flags.boolean({
      dependsOn: ['branch'],
      summary: 'Deploy only what has passed the tests of the pipeline.',
    }),
    off: Flags.boolean({ exclusive: ['branch'], summary: 'Follow no branch any more.' }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(PipelinesAutodeploy)
    const client = await this.client()
    const path = ourPath(args.app, 'autodeploy')
    if (flags.off) {
      const rule = await client.delete<Rule>(path)
      this.print(`${args.app} does not follow ${rule.branch} any more.`)
      return rule
    }
    if (flags.branch !== undefined) {
      const wish = { branch: flags.branch, wait_for_ci: flags['wait-for-ci'] }
      const rule = await client.put<Rule>(path, wish)
      this.print(says(args.app, rule))
      return rule
    }
    const deploys = await client.get<Deploy[]>(`${path}/deploys`)
    const rule = await client.get<Rule>(path).catch(nullIfNone)
    this.print(rule === null ? `${args.app} follows no branch.` : says(args.app, rule))
    if (deploys.length > 0) this.print('', ...this.#lines(deploys.slice(0, SHOWN)))
    return { rule, deploys }
  }

  #lines(deploys: readonly Deploy[]): string[] {
    const { paint, width } = this.screen
    const rows = deploys.map(({ commit, message, status, reason, created_at }) => [
      commit.slice(0, 8),
      paint(STYLES[status] ?? 'yellow', status),
      ago(Date.now() - instant(created_at)),
      reason ?? message,
    ])
    return table([{ head: '' }, { head: '' }, { head: '' }, { head: '' }], rows, width)
  }
}

function says(app: string, { branch, wait_for_ci }: Rule): string {
  const when = wait_for_ci ? ', once its tests have passed' : ''
  return `${app} follows ${branch}: each push is deployed${when}.`
}

function nullIfNone(error: unknown): null {
  if (error instanceof TasukiError && error.code === 'not_found') return null
  throw error
}
