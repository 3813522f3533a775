import { appFlag, TasukiCommand } from '../command.ts'
import { actOnRunning } from '../running-rollout.ts'
import type { RolloutRecord } from '../wire/rollouts.ts'

export default class RolloutsPause extends TasukiCommand {
  static override summary = 'Have the rollout that runs wait where it is'
  static override description =
    'What serves is kept, what dies is replaced, and nothing goes further until `tasuki rollouts:resume`. A new release that fails is turned back all the same, and a newer deploy takes its place.'
  static override examples = ['<%= config.bin %> rollouts:pause -a shop']
  static override flags = { ...appFlag }

  async run(): Promise<RolloutRecord> {
    const { flags } = await this.parse(RolloutsPause)
    const app = await this.appName(flags.app)
    const rollout = await actOnRunning(await this.client(), app, 'pause')
    this.print(`The rollout of ${app} to v${rollout.to} waits.`)
    return rollout
  }
}
