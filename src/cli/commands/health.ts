import { Flags } from '@oclif/core'
import { appFlag, ourPath, TasukiCommand } from '../command.ts'
import { type DrawnHealth, healthLines } from '../render/health.ts'
import type { HealthRecord } from '../wire/apps.ts'
import { instant } from '../wire/rollouts.ts'

export default class Health extends TasukiCommand {
  static override summary = 'Show what was up and down, and why'
  static override description =
    'One line per instance with strips of the last 24 hours, hour and 10 minutes, each cell as bad as the worst of its time; the share of the day that it was up; and what was wrong, newest first, with the reason. With --hosts, whether each host answered. A time in which no control plane looked is shown as such.'
  static override examples = [
    '<%= config.bin %> health -a shop',
    '<%= config.bin %> health --hosts',
    '<%= config.bin %> health -a shop --json',
  ]
  static override flags = {
    ...appFlag,
    hosts: Flags.boolean({ summary: 'Of the hosts instead of an app; for admins.', exclusive: ['app'] }),
  }

  async run(): Promise<HealthRecord> {
    const { flags } = await this.parse(Health)
    const app = flags.hosts ? null : await this.appName(flags.app)
    const path = app === null ? '/tasuki/health/hosts' : ourPath(app, 'health')
    const health = await (await this.client()).get<HealthRecord>(path)
    if (health.stretches.length > 0) this.print(...healthLines(drawn(health), this.screen))
    else if (app === null)
      this.print('There were no hosts in the last 24 hours. See `tasuki hosts:add --help`.')
    else this.print(`Nothing of ${app} ran in the last 24 hours.`)
    return health
  }
}

function drawn({ from, until, watched, stretches }: HealthRecord): DrawnHealth {
  return {
    from: instant(from),
    until: instant(until),
    watched: watched.map((span) => ({ from: instant(span.from), until: instant(span.until) })),
    stretches: stretches.map((stretch) => ({
      ...stretch,
      from: instant(stretch.from),
      until: stretch.until === null ? null : instant(stretch.until),
    })),
  }
}
