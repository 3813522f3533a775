import { Args } from '@oclif/core'
import { changedConfig } from '../../domain/names.ts'
import { appFlag, followFlags, TasukiCommand } from '../command.ts'
import { changeConfig, followChange, varOf } from '../config-change.ts'

export default class ConfigSet extends TasukiCommand {
  static override summary = 'Set config vars, and hand over to instances that have them'
  static override description =
    'Makes a release with the new config and rolls it out without losing a request. All vars of one command go together.'
  static override examples = [
    '<%= config.bin %> config:set LOG_LEVEL=debug -a shop',
    '<%= config.bin %> config:set A=1 B="two words" -a shop --detach',
  ]
  static override strict = false
  static override args = { vars: Args.string({ required: true, description: 'KEY=VALUE pairs.' }) }
  static override flags = { ...appFlag, ...followFlags }

  async run(): Promise<unknown> {
    const { argv, flags } = await this.parse(ConfigSet)
    const vars = Object.fromEntries((argv as string[]).map(varOf))
    changedConfig({}, vars)
    const app = await this.appName(flags.app)
    const client = await this.client()
    const change = await changeConfig(client, app, vars)
    const names = Object.keys(vars).join(', ')
    this.print(
      change.release === null
        ? `${names}: as before; no new release.`
        : `Set ${names} in v${change.release.version}.`,
    )
    if (flags.detach) return change
    const options = { json: this.jsonEnabled(), allowLost: flags['allow-lost'] }
    return { ...change, ...(await followChange(client, app, change, options)) }
  }
}
