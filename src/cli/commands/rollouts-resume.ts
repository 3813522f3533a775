import { appFlag, TasukiCommand } from '../command.ts'
import { actOnRunning } from '../running-rollout.ts'
import type { RolloutRecord } from '../wire/rollouts.ts'

export default class RolloutsResume extends TasukiCommand {
  static override summary = 'Let a rollout that waits go on'
  static override description = 'It goes on from where it stands.'
  static override examples = ['<%= config.bin %> rollouts:resume -a shop']
  static override flags = { ...appFlag }

  async run(): Promise<RolloutRecord> {
    const { flags } = await this.parse(RolloutsResume)
    const app = await this.appName(flags.app)
    const rollout = await actOnRunning(await this.client(), app, 'resume')
    this.print(`The rollout of ${app} to v${rollout.to} goes on.`)
    return rollout
  }
}
