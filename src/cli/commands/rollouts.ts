import { Flags } from '@oclif/core'
import { ago, count, duration } from '../../text/numbers.ts'
import type { Style } from '../../text/screen.ts'
import { table } from '../../text/table.ts'
import { appFlag, ourPath, TasukiCommand } from '../command.ts'
import { instant, type RolloutRecord, receiptOf } from '../wire/rollouts.ts'

const STYLES: Readonly<Record<string, Style>> = {
  running: 'yellow',
  succeeded: 'green',
  returned: 'red',
  failed: 'red',
}

export default class Rollouts extends TasukiCommand {
  static override summary = 'List the rollouts, with what each did to traffic'
  static override description =
    'Newest first, also the one that is running. `tasuki receipt` and `tasuki timeline` show one in full.'
  static override examples = [
    '<%= config.bin %> rollouts -a shop',
    '<%= config.bin %> rollouts -a shop --json',
  ]
  static override flags = {
    ...appFlag,
    num: Flags.integer({ char: 'n', min: 1, default: 15, helpValue: 'NUMBER', summary: 'How many to show.' }),
  }

  async run(): Promise<readonly RolloutRecord[]> {
    const { flags } = await this.parse(Rollouts)
    const app = await this.appName(flags.app)
    const all = await (await this.client()).get<RolloutRecord[]>(ourPath(app, 'rollouts'))
    const rollouts = all.toSorted((a, b) => b.generation - a.generation).slice(0, flags.num)
    if (rollouts.length === 0) this.print(`${app} has no rollouts yet.`)
    else this.print(...this.#lines(rollouts))
    return rollouts
  }

  #lines(rollouts: readonly RolloutRecord[]): string[] {
    const { paint, width } = this.screen
    const heads = ['no.', 'release', 'strategy', 'outcome', 'began', 'took', 'requests', 'lost', 'why']
    const right = new Set(['no.', 'took', 'requests', 'lost'])
    const columns = heads.map((head) => ({
      head: paint('dim', head),
      align: right.has(head) ? ('right' as const) : ('left' as const),
    }))
    return table(
      columns,
      rollouts.map((rollout) => this.#row(rollout)),
      width,
    )
  }

  #row(rollout: RolloutRecord): string[] {
    const { paint, unicode } = this.screen
    const { generation, from, to, strategy, status, reason } = rollout
    const receipt = receiptOf(rollout.receipt)
    const began = instant(rollout.started_at)
    const ended = rollout.finished_at === null ? Date.now() : instant(rollout.finished_at)
    return [
      String(generation),
      from === null || from === to ? `v${to}` : `v${from} ${unicode ? '→' : '->'} v${to}`,
      strategy,
      paint(STYLES[status] ?? 'dim', rollout.paused ? 'paused' : status),
      ago(Date.now() - began),
      duration(ended - began),
      receipt === null ? '-' : count(receipt.served + receipt.lost),
      receipt === null ? '-' : this.#lost(receipt.lost),
      status === 'succeeded' ? '' : (reason ?? ''),
    ]
  }

  #lost(lost: number): string {
    return lost > 0 ? this.screen.paint('red', count(lost)) : '0'
  }
}
