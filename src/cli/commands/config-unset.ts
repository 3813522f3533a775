import { Args } from '@oclif/core'
import { appFlag, followFlags, TasukiCommand } from '../command.ts'
import { changeConfig, followChange } from '../config-change.ts'

export default class ConfigUnset extends TasukiCommand {
  static override summary = 'Remove config vars, and hand over to instances without them'
  static override description =
    'Makes a release without these vars and rolls it out without losing a request.'
  static override examples = ['<%= config.bin %> config:unset LOG_LEVEL -a shop']
  static override strict = false
  static override args = { keys: Args.string({ required: true, description: 'Names of config vars.' }) }
  static override flags = { ...appFlag, ...followFlags }

  async run(): Promise<unknown> {
    const { argv, flags } = await this.parse(ConfigUnset)
    const app = await this.appName(flags.app)
    const client = await this.client()
    const keys = argv as string[]
    const change = await changeConfig(client, app, Object.fromEntries(keys.map((key) => [key, null])))
    const names = keys.join(', ')
    this.print(
      change.release === null
        ? `${names}: not set; no new release.`
        : `Removed ${names} in v${change.release.version}.`,
    )
    if (flags.detach) return change
    const options = { json: this.jsonEnabled(), allowLost: flags['allow-lost'] }
    return { ...change, ...(await followChange(client, app, change, options)) }
  }
}
