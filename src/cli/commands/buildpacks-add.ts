import { Args, Flags } from '@oclif/core'
import { type Installation, install, installations, nextBuild } from '../buildpack-list.ts'
import { appFlag, TasukiCommand } from '../command.ts'

export default class BuildpacksAdd extends TasukiCommand {
  static override summary = 'Add a buildpack to an app'
  static override description = [
    'Adds it behind those that are there, or at a place of its own. Takes effect with the next build.',
    'It is given by the URL of its Git repository (#branch, #tag or #commit at its end), of an archive, or as a short name.',
  ].join('\n')
  static override examples = [
    '<%= config.bin %> buildpacks:add https://github.com/heroku/heroku-buildpack-python -a shop',
    '<%= config.bin %> buildpacks:add heroku/nodejs --index 1 -a shop',
  ]
  static override args = { buildpack: Args.string({ required: true, description: 'URL or short name.' }) }
  static override flags = {
    ...appFlag,
    index: Flags.integer({ char: 'i', min: 1, helpValue: 'N', summary: 'Its place: 1 is the first.' }),
  }

  async run(): Promise<readonly Installation[]> {
    const { args, flags } = await this.parse(BuildpacksAdd)
    const app = await this.appName(flags.app)
    const client = await this.client()
    const urls = (await installations(client, app)).map(({ buildpack }) => buildpack.url)
    const list = await install(
      client,
      app,
      urls.toSpliced((flags.index ?? urls.length + 1) - 1, 0, args.buildpack),
    )
    this.print(...nextBuild(app, list))
    return list
  }
}
