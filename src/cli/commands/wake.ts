import { Args, Flags } from '@oclif/core'
import { appFlag, appPath, ourPath, TasukiCommand } from '../command.ts'
import { interruptible } from '../follow/interrupt.ts'
import { followInstances, matches, stateText } from '../follow/scaling.ts'
import type { FormationEntry, Sleep } from '../wire/apps.ts'

export default class Wake extends TasukiCommand {
  static override summary = 'Start an app that sleeps'
  static override description =
    'Starts the instances that its formation wants, as its next visitor would. An app that is awake stays as it is.'
  static override examples = ['<%= config.bin %> wake shop']
  static override args = { name: Args.string({ description: 'The app; or name it with -a.' }) }
  static override flags = {
    ...appFlag,
    detach: Flags.boolean({ summary: 'Return at once, without waiting for the instances.' }),
  }

  async run(): Promise<Sleep> {
    const { args, flags } = await this.parse(Wake)
    const app = await this.appName(args.name ?? flags.app)
    const client = await this.client()
    const path = ourPath(app, 'sleep')
    const sleep = await client.patch<Sleep>(path, { state: 'awake' })
    if (sleep.state === 'awake') {
      this.print(`${app} is awake.`)
      return sleep
    }
    this.print(`Waking ${app} …`)
    if (flags.detach) return sleep
    const formation = await client.get<FormationEntry[]>(appPath(app, 'formation'))
    await interruptible(
      () => `It goes on. Look at it with \`tasuki ps -a ${app}\`.`,
      () =>
        followInstances(client, app, {
          show: (dynos) => this.print(`  ${stateText(dynos)}`),
          settled: (dynos) => matches(formation, dynos),
        }),
    )
    this.print(`${app} is awake.`)
    return client.get<Sleep>(path)
  }
}
