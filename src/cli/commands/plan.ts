import { Flags } from '@oclif/core'
import { versionArgument } from '../arguments.ts'
import { appFlag, ourPath, TasukiCommand } from '../command.ts'
import { renderPlan } from '../render/plan.ts'
import type { Plan } from '../wire/rollouts.ts'

export default class PlanCommand extends TasukiCommand {
  static override summary = 'Show what a deploy would do, and what is risky about it'
  static override description =
    'Nothing is changed. By default the plan of deploying anew what is there; with --release, of going to that release.'
  static override examples = ['<%= config.bin %> plan -a shop', '<%= config.bin %> plan -a shop --release v6']
  static override flags = {
    ...appFlag,
    release: Flags.string({ helpValue: 'vN', summary: 'Plan going to this release.' }),
  }

  async run(): Promise<Plan> {
    const { flags } = await this.parse(PlanCommand)
    const app = await this.appName(flags.app)
    const query = flags.release === undefined ? '' : `?release=${versionArgument(flags.release)}`
    const plan = await (await this.client()).get<Plan>(`${ourPath(app, 'plan')}${query}`)
    this.print(renderPlan(plan, this.screen))
    return plan
  }
}
