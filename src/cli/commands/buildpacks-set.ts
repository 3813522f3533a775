import { Args, Flags } from '@oclif/core'
import { type Installation, install, installations, nextBuild } from '../buildpack-list.ts'
import { appFlag, TasukiCommand } from '../command.ts'

export default class BuildpacksSet extends TasukiCommand {
  static override summary = 'Set a buildpack of an app'
  static override description =
    'Puts it in place of the first one, or of another one. Takes effect with the next build.'
  static override examples = [
    '<%= config.bin %> buildpacks:set https://github.com/heroku/heroku-buildpack-python#v300 -a shop',
  ]
  static override args = { buildpack: Args.string({ required: true, description: 'URL or short name.' }) }
  static override flags = {
    ...appFlag,
    index: Flags.integer({
      char: 'i',
      min: 1,
      default: 1,
      helpValue: 'N',
      summary: 'Which one: 1 is the first.',
    }),
  }

  async run(): Promise<readonly Installation[]> {
    const { args, flags } = await this.parse(BuildpacksSet)
    const app = await this.appName(flags.app)
    const client = await this.client()
    const urls = (await installations(client, app)).map(({ buildpack }) => buildpack.url)
    const list = await install(client, app, urls.toSpliced(flags.index - 1, 1, args.buildpack))
    this.print(...nextBuild(app, list))
    return list
  }
}
