import { Args } from '@oclif/core'
import { appFlag, TasukiCommand } from '../command.ts'
import { chosenRollout } from '../follow/chosen.ts'
import { timelineOf } from '../follow/finish.ts'
import { renderTimeline } from '../render/timeline.ts'
import { receiptOf } from '../wire/rollouts.ts'

export default class TimelineCommand extends TasukiCommand {
  static override summary = 'Draw a rollout: a row per instance, time from left to right'
  static override description =
    'The newest rollout, or the newest to a given release. One that is running is drawn as far as it has come.'
  static override examples = ['<%= config.bin %> timeline -a shop', '<%= config.bin %> timeline v7 -a shop']
  static override args = {
    release: Args.string({ description: 'A release, as v7; else the newest rollout.' }),
  }
  static override flags = { ...appFlag }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(TimelineCommand)
    const app = await this.appName(flags.app)
    const client = await this.client()
    const rollout = await chosenRollout(client, app, args.release)
    const timeline = await timelineOf(client, rollout, receiptOf(rollout.receipt))
    this.print(`${rolloutTitle(rollout)}`, '', renderTimeline(timeline, this.screen))
    return { rollout: rollout.id, from: rollout.from, to: rollout.to, status: rollout.status, ...timeline }
  }
}

function rolloutTitle({
  from,
  to,
  status,
  strategy,
  reason,
}: Awaited<ReturnType<typeof chosenRollout>>): string {
  const path = from === null ? `v${to}` : `v${from} to v${to}`
  return `${path}, ${strategy}, ${status}${reason && status !== 'succeeded' ? `: ${reason}` : ''}`
}
