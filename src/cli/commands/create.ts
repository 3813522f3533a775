import { Args } from '@oclif/core'
import { appName } from '../../domain/names.ts'
import { TasukiCommand } from '../command.ts'
import type { App } from '../wire/apps.ts'

export default class Create extends TasukiCommand {
  static override summary = 'Make an app'
  static override description = 'Makes an app, with a name of your choice or one that the server finds.'
  static override examples = ['<%= config.bin %> create shop', '<%= config.bin %> create']
  static override args = {
    name: Args.string({ description: '3 to 30 of a-z, 0-9 and dash, a letter first.' }),
  }

  async run(): Promise<App> {
    const { args } = await this.parse(Create)
    const body = args.name === undefined ? {} : { name: appName(args.name) }
    const app = await (await this.client()).post<App>('/apps', body)
    this.print(`Created ${app.name}${app.web_url ? `, to be at ${app.web_url}` : ''}`)
    this.print(`Deploy to it with \`tasuki deploy -a ${app.name}\`.`)
    return app
  }
}
