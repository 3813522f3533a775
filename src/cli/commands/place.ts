import { Args, Flags } from '@oclif/core'
import { TasukiError } from '../../domain/errors.ts'
import { appFlag, followFlags, ourPath, TasukiCommand } from '../command.ts'
import { followToReceipt } from '../follow/finish.ts'
import type { Placement } from '../wire/apps.ts'

export default class Place extends TasukiCommand {
  static override summary = 'Show or choose where an app runs'
  static override description =
    'On Docker hosts with a label, on any Docker host, or as processes on the machine of the server. What runs is handed over to fresh instances at the new place, as by a deploy: no request is lost.\nWithout a flag, says where it runs. An app that nobody has placed runs on any Docker host if it is an image, else on the server.'
  static override examples = [
    '<%= config.bin %> place shop --label http-api',
    '<%= config.bin %> place shop --any-host',
    '<%= config.bin %> place shop --local',
    '<%= config.bin %> place shop',
  ]
  static override args = { name: Args.string({ description: 'The app; or name it with -a.' }) }
  static override flags = {
    ...appFlag,
    ...followFlags,
    label: Flags.string({ helpValue: 'LABEL', summary: 'On Docker hosts with that label, spread evenly.' }),
    'any-host': Flags.boolean({ summary: 'On any Docker host.', exclusive: ['label'] }),
    local: Flags.boolean({ summary: 'On the machine of the server.', exclusive: ['label', 'any-host'] }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Place)
    const app = await this.appName(args.name ?? flags.app)
    const client = await this.client()
    const path = ourPath(app, 'placement')
    const wish = wishOf(flags)
    if (wish === null) {
      const placement = await client.get<Placement>(path)
      this.print(`${app} runs on ${textOf(placement)}.`)
      return placement
    }
    const placed = await client.put<Placement & { readonly rollout: string | null }>(path, wish)
    if (placed.rollout === null) this.print(`${app} runs on ${textOf(placed)}.`)
    else this.print(`Moving ${app} to ${textOf(placed)} …`)
    if (placed.rollout === null || flags.detach) return placed
    const options = { json: this.jsonEnabled(), allowLost: flags['allow-lost'] }
    return await followToReceipt(client, app, placed.rollout, options)
  }
}

function wishOf(flags: { label?: string; 'any-host': boolean; local: boolean }): Placement | null {
  if (flags.label === '')
    throw new TasukiError('bad_request', 'A label is a word.', { next: 'For any host, give --any-host.' })
  if (flags.label !== undefined) return { runtime: 'docker', label: flags.label }
  if (flags['any-host']) return { runtime: 'docker', label: null }
  return flags.local ? { runtime: 'process', label: null } : null
}

function textOf({ runtime, label }: Placement): string {
  if (runtime === 'process') return 'the machine of the server'
  return label === null ? 'any Docker host' : `Docker hosts with the label ${label}`
}
