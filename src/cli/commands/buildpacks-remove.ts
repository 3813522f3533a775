import { Args, Flags } from '@oclif/core'
import { TasukiError } from '../../domain/errors.ts'
import { type Installation, install, installations, nextBuild } from '../buildpack-list.ts'
import { appFlag, TasukiCommand } from '../command.ts'

export default class BuildpacksRemove extends TasukiCommand {
  static override summary = 'Remove a buildpack from an app'
  static override description = 'By its URL or short name, or by its place. Takes effect with the next build.'
  static override examples = [
    '<%= config.bin %> buildpacks:remove heroku/nodejs -a shop',
    '<%= config.bin %> buildpacks:remove --index 2 -a shop',
  ]
  static override args = { buildpack: Args.string({ description: 'URL or short name.' }) }
  static override flags = {
    ...appFlag,
    index: Flags.integer({ char: 'i', min: 1, helpValue: 'N', summary: 'Its place: 1 is the first.' }),
  }

  async run(): Promise<readonly Installation[]> {
    const { args, flags } = await this.parse(BuildpacksRemove)
    const app = await this.appName(flags.app)
    const client = await this.client()
    const before = await installations(client, app)
    const at = placeOf(before, args.buildpack, flags.index)
    const urls = before.map(({ buildpack }) => buildpack.url).toSpliced(at, 1)
    const list = await install(client, app, urls)
    this.print(...nextBuild(app, list))
    return list
  }
}

/** Throws `invalid_params` unless just one of both is given, `not_found` when there is no such buildpack. */
function placeOf(
  list: readonly Installation[],
  given: string | undefined,
  index: number | undefined,
): number {
  if ((given === undefined) === (index === undefined))
    throw new TasukiError('invalid_params', 'Give either a buildpack or its --index.')
  const at =
    index === undefined
      ? list.findIndex(({ buildpack }) => given === buildpack.url || given === buildpack.name)
      : index - 1
  if (list[at] !== undefined) return at
  throw new TasukiError('not_found', `The app has no buildpack ${given ?? `number ${index}`}.`, {
    next: '`tasuki buildpacks` lists those that it has.',
  })
}
