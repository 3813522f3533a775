import { Flags } from '@oclif/core'
import { padded } from '../../text/table.ts'
import { appFlag, appPath, TasukiCommand } from '../command.ts'

type ConfigVars = Readonly<Record<string, string>>

export default class ConfigCommand extends TasukiCommand {
  static override summary = 'Show the config vars'
  static override description =
    'Config vars are the environment of every instance. Each change makes a release.'
  static override examples = [
    '<%= config.bin %> config -a shop',
    '<%= config.bin %> config -a shop --shell > .env',
    '<%= config.bin %> config -a shop --json',
  ]
  static override flags = {
    ...appFlag,
    shell: Flags.boolean({ char: 's', summary: "Print KEY='value' lines that a shell reads." }),
  }

  async run(): Promise<ConfigVars> {
    const { flags } = await this.parse(ConfigCommand)
    const app = await this.appName(flags.app)
    const vars = await (await this.client()).get<ConfigVars>(appPath(app, 'config-vars'))
    const sorted = Object.entries(vars).toSorted(([a], [b]) => (a < b ? -1 : 1))
    if (flags.shell) this.print(...sorted.map(([key, value]) => `${key}=${quoted(value)}`))
    else this.print(...this.#lines(app, sorted))
    return vars
  }

  #lines(app: string, vars: readonly (readonly [string, string])[]): string[] {
    if (vars.length === 0)
      return [`${app} has no config vars. Set some with \`tasuki config:set KEY=VALUE\`.`]
    const width = Math.max(...vars.map(([key]) => key.length)) + 2
    return vars.map(([key, value]) => `${this.screen.paint('bold', padded(`${key}:`, width))}${value}`)
  }
}

function quoted(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`
}
