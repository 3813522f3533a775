import { Args, Flags } from '@oclif/core'
import { appFlag, appPath, TasukiCommand } from '../command.ts'
import type { App } from '../wire/apps.ts'

export default class Destroy extends TasukiCommand {
  static override summary = 'End an app and forget it'
  static override description =
    'Drains and stops the app, then removes its releases, config and artifacts. There is no way back.\nAsks for the name; without a terminal, --confirm gives it.'
  static override examples = [
    '<%= config.bin %> destroy shop',
    '<%= config.bin %> destroy shop --confirm shop',
  ]
  static override args = { name: Args.string({ description: 'The app; or name it with -a.' }) }
  static override flags = {
    ...appFlag,
    confirm: Flags.string({
      helpValue: 'APP',
      summary: 'The name of the app once more, instead of being asked.',
    }),
  }

  async run(): Promise<App> {
    const { args, flags } = await this.parse(Destroy)
    const app = await this.appName(args.name ?? flags.app)
    const client = await this.client()
    await client.get<App>(appPath(app))
    await this.confirm(app, flags.confirm, {
      end: 'to destroy it for good',
      refusal: `${app} was not destroyed: its name was not confirmed.`,
    })
    const gone = await client.delete<App>(appPath(app))
    this.print(`Destroyed ${app}. Its instances are being drained and stopped.`)
    return gone
  }
}
