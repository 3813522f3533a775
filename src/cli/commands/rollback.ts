import { Args } from '@oclif/core'
import { appFlag, followFlags, ourPath, TasukiCommand } from '../command.ts'
import { followToReceipt } from '../follow/finish.ts'
import type { Release } from '../wire/apps.ts'

export default class Rollback extends TasukiCommand {
  static override summary = 'Make an earlier release serve again, with its own config'
  static override description =
    'Makes a new release out of the artifact and the config of an earlier one, and hands over to it. Nothing is built. Without a release, the one before the current.'
  static override examples = [
    '<%= config.bin %> rollback -a shop',
    '<%= config.bin %> rollback v6 -a shop',
    '<%= config.bin %> rollback 4f2a91c -a shop',
    '<%= config.bin %> rollback sha-4f2a91c -a shop',
  ]
  static override args = {
    to: Args.string({
      description:
        'A release, as v6; a commit or its beginning, also as in the tag sha-COMMIT of an image; or a digest.',
    }),
  }
  static override flags = { ...appFlag, ...followFlags }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Rollback)
    const app = await this.appName(flags.app)
    const client = await this.client()
    const body = args.to === undefined ? {} : { to: args.to }
    const release = await client.post<Release>(ourPath(app, 'rollback'), body)
    this.print(`Made v${release.version}: ${release.description}`)
    const rolloutId = release.tasuki?.rollout_id ?? null
    if (flags.detach || rolloutId === null) return { release, rollout: rolloutId }
    const options = { json: this.jsonEnabled(), allowLost: flags['allow-lost'] }
    return { release, ...(await followToReceipt(client, app, rolloutId, options)) }
  }
}
