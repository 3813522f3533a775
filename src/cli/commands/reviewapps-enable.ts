import { Flags } from '@oclif/core'
import { TasukiError } from '../../domain/errors.ts'
import { bytes } from '../../text/numbers.ts'
import { TasukiCommand } from '../command.ts'
import { pipelinePath } from '../pipelines.ts'
import { pipelineFlag } from '../review-apps.ts'
import { spanOf, spanText } from '../span.ts'
import type { ReviewAppConfigRecord } from '../wire/pipelines.ts'

export default class ReviewappsEnable extends TasukiCommand {
  static override summary = 'Have a pipeline make review apps, and say how'
  static override description =
    'What is not given stays as it was. Pull requests from forks never get one by themselves. Without flags, review apps are made by hand alone.'
  static override examples = [
    '<%= config.bin %> reviewapps:enable -p shop-line --autodeploy --base-name shop --stale-days 5',
    '<%= config.bin %> reviewapps:enable -p shop-line --wait-for-ci --max 20 --max-awake 5 --idle 30m',
  ]
  static override flags = {
    ...pipelineFlag,
    autodeploy: Flags.boolean({ summary: 'Each pull request gets one by itself.' }),
    autodestroy: Flags.boolean({ summary: 'Destroy what nothing was deployed to for long.' }),
    'stale-days': Flags.integer({
      min: 1,
      max: 30,
      helpValue: 'DAYS',
      summary: 'How long that is, 1 to 30 days; with --autodestroy.',
    }),
    'wait-for-ci': Flags.boolean({ summary: 'Build only what has passed the tests of the pipeline.' }),
    'base-name': Flags.string({ helpValue: 'NAME', summary: 'Names are NAME-pr-7; else random ones.' }),
    max: Flags.integer({ min: 1, helpValue: 'NUMBER', summary: 'There are no more at once; others wait.' }),
    'max-awake': Flags.integer({
      min: 1,
      helpValue: 'NUMBER',
      summary: 'Those that were idle the longest sleep above this.',
    }),
    'max-memory': Flags.integer({
      min: 1,
      helpValue: 'MIB',
      summary: 'The same, by the memory that they use together.',
    }),
    idle: Flags.string({
      helpValue: 'SPAN',
      summary: 'One sleeps after so long without a visitor: 30m, 12h.',
    }),
  }

  async run(): Promise<ReviewAppConfigRecord> {
    const { flags } = await this.parse(ReviewappsEnable)
    const own = {
      most_apps: flags.max,
      most_awake: flags['max-awake'],
      most_awake_bytes: flags['max-memory'] === undefined ? undefined : flags['max-memory'] * 2 ** 20,
      idle_ms: flags.idle === undefined ? undefined : idleOf(flags.idle),
    }
    const config = await (await this.client()).post<ReviewAppConfigRecord>(
      pipelinePath(flags.pipeline, 'review-app-config'),
      {
        automatic_review_apps: flags.autodeploy || undefined,
        destroy_stale_apps: flags.autodestroy || undefined,
        stale_days: flags['stale-days'],
        wait_for_ci: flags['wait-for-ci'] || undefined,
        base_name: flags['base-name'],
        tasuki: own,
      },
    )
    this.print(`Review apps of ${flags.pipeline}:`, ...described(config).map((line) => `  ${line}`))
    return config
  }
}

/** Ms; null for `never`. */
function idleOf(text: string): number | null {
  if (text === 'never') return null
  const seconds = spanOf(text)
  if (seconds !== null) return seconds * 1000
  throw new TasukiError('bad_request', `"${text.slice(0, 40)}" is no span.`, {
    next: 'Use a number and a unit: 90s, 30m, 12h, 1d; or never.',
  })
}

/** The settings as sentences. */
function described(config: ReviewAppConfigRecord): string[] {
  const { automatic_review_apps: automatic, wait_for_ci: waits, base_name: base, tasuki } = config
  const { most_apps, most_awake, most_awake_bytes, idle_ms } = tasuki
  return [
    automatic ? 'Each pull request gets one by itself.' : 'They are made by hand.',
    waits ? 'Only what has passed its tests is built.' : 'Nothing waits for tests.',
    base === null ? 'They have random names.' : `They are named ${base}-pr-NUMBER.`,
    config.destroy_stale_apps
      ? `What nothing was deployed to for ${config.stale_days} days is destroyed.`
      : 'They stay until their branch or pull request goes.',
    `There are at most ${most_apps} at once.`,
    most_awake === null ? '' : `At most ${most_awake} are awake at once.`,
    most_awake_bytes === null ? '' : `Those that are awake use at most ${bytes(most_awake_bytes)}.`,
    idle_ms === null ? '' : `One sleeps after ${spanText(idle_ms / 1000)} without a visitor.`,
  ].filter((line) => line !== '')
}
