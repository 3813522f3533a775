import { Args, Flags } from '@oclif/core'
import { TasukiError } from '../../domain/errors.ts'
import { TasukiCommand } from '../command.ts'
import type { FreezeRecord } from '../freezes.ts'
import { pipelinePath } from '../pipelines.ts'
import { spanOf } from '../span.ts'

export default class PipelinesFreeze extends TasukiCommand {
  static override summary = 'Let nothing come to a stage for a time'
  static override description =
    'For the owner of the pipeline. Promotions and deploys are refused meanwhile, automatic deploys wait; config changes, scaling and rollbacks go on. From now until it is lifted, unless --from, --until or --for say otherwise. With --cron it comes again: a window of --for begins at each of these times. Times are in UTC.'
  static override examples = [
    '<%= config.bin %> pipelines:freeze shop-line production --for 2h --reason "incident 12"',
    '<%= config.bin %> pipelines:freeze shop-line production --from 2026-12-20 --until 2027-01-02',
    '<%= config.bin %> pipelines:freeze shop-line production --cron "0 16 * * 5" --for 64h',
  ]
  static override args = {
    name: Args.string({ required: true, description: 'The pipeline.' }),
    stage: Args.string({ required: true, description: 'The stage.' }),
  }
  static override flags = {
    from: Flags.string({ helpValue: 'TIME', summary: 'When it begins, as 2026-12-24T16:00.' }),
    until: Flags.string({ helpValue: 'TIME', summary: 'When it is over.' }),
    for: Flags.string({ helpValue: 'SPAN', summary: 'How long it lasts: 45m, 2h, 3d.' }),
    cron: Flags.string({
      helpValue: 'FIELDS',
      dependsOn: ['for'],
      summary: 'When each window begins, in the five fields of cron.',
    }),
    reason: Flags.string({ helpValue: 'TEXT', summary: 'Told to whoever is refused.' }),
  }

  async run(): Promise<FreezeRecord> {
    const { args, flags } = await this.parse(PipelinesFreeze)
    const lasts = flags.for === undefined ? null : msOf(flags.for)
    const freeze = await (await this.client()).post<FreezeRecord>(
      `/tasuki${pipelinePath(args.name, 'freezes')}`,
      {
        stage: args.stage,
        reason: flags.reason ?? null,
        from: flags.from ?? null,
        until: flags.until ?? (flags.cron === undefined && lasts !== null ? endOf(flags.from, lasts) : null),
        cron: flags.cron ?? null,
        lasts_ms: flags.cron === undefined ? null : lasts,
      },
    )
    const until = freeze.open?.until ? ` until ${freeze.open.until}` : ''
    const now = freeze.open ? `is frozen${until}` : 'will be frozen'
    this.print(
      `${args.stage} of ${args.name} ${now}. Lift it with \`tasuki pipelines:unfreeze ${args.name} ${freeze.id.slice(0, 8)}\`.`,
    )
    return freeze
  }
}

function endOf(from: string | undefined, lasts: number): string {
  const zoned = from === undefined || /Z|[+-]\d\d:?\d\d$|^\d{4}-\d\d-\d\d$/i.test(from) ? from : `${from}Z`
  const begin = zoned === undefined ? Date.now() : Date.parse(zoned)
  if (Number.isFinite(begin)) return new Date(begin + lasts).toISOString()
  throw new TasukiError('bad_request', `"${from}" is no time.`, { next: 'Write it as 2026-12-24T16:00.' })
}

function msOf(text: string): number {
  const seconds = spanOf(text)
  if (seconds !== null) return seconds * 1000
  throw new TasukiError('bad_request', `"${text}" is no span of time.`, {
    next: 'Write a number and s, m, h or d: 45m, 2h, 3d.',
  })
}
