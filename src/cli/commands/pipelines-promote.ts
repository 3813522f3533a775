import { Flags } from '@oclif/core'
import { versionArgument } from '../arguments.ts'
import type { ApiClient } from '../client.ts'
import { appFlag, appPath, followFlags, remoteFlag, TasukiCommand } from '../command.ts'
import { followPromotion, tellWaiting } from '../follow/promotion.ts'
import { couplingOf, downstream } from '../pipelines.ts'
import type { App, Release } from '../wire/apps.ts'
import type { Promotion, PromotionTarget } from '../wire/pipelines.ts'

export default class PipelinesPromote extends TasukiCommand {
  static override summary = 'Let the artifact of an app serve further down its pipeline'
  static override description =
    'Makes a release of the very artifact that serves, with the config of each target, and hands over to it. Nothing is built. Without --to, every app of the next stage is a target. Where a stage asks for approval, the command waits for it; with --detach it does not. `tasuki pipelines:diff` shows beforehand what would change.'
  static override examples = [
    '<%= config.bin %> pipelines:promote -a shop-staging',
    '<%= config.bin %> pipelines:promote -r staging',
    '<%= config.bin %> pipelines:promote -a shop-staging --to shop,shop-ca --release v12',
  ]
  static override flags = {
    ...appFlag,
    ...remoteFlag,
    to: Flags.string({ char: 't', helpValue: 'APPS', summary: 'The targets, separated by commas.' }),
    release: Flags.string({ helpValue: 'vN', summary: 'An earlier release that has served.' }),
    ...followFlags,
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(PipelinesPromote)
    const app = await this.appName(flags.app, flags.remote)
    const client = await this.client()
    const { pipeline, ...source } = await couplingOf(client, app)
    const release = flags.release === undefined ? undefined : await releaseOf(client, app, flags.release)
    const targets =
      flags.to === undefined
        ? await downstream(client, { pipeline, ...source })
        : await Promise.all(namesIn(flags.to).map((name) => client.get<App>(appPath(name))))
    const promotion = await client.post<Promotion>('/pipeline-promotions', {
      pipeline: { id: pipeline.id },
      source: { app: { id: source.app.id }, ...(release && { release: { id: release.id } }) },
      targets: targets.map(({ id }) => ({ app: { id } })),
    })
    const what = release === undefined ? app : `v${release.version} of ${app}`
    this.print(`Promoting ${what} to ${targets.map(({ name }) => name).join(', ')}.`)
    const path = `/pipeline-promotions/${promotion.id}/promotion-targets`
    const made = await client.get<PromotionTarget[]>(path)
    const print = (line: string) => this.print(line)
    await tellWaiting(client, made, print)
    if (flags.detach) return { promotion, targets: made }
    const options = { json: this.jsonEnabled(), allowLost: flags['allow-lost'] }
    const following = { ...options, promotionId: promotion.id, print }
    return { promotion, targets: await followPromotion(client, targets, made, following) }
  }
}

function releaseOf(client: ApiClient, app: string, version: string): Promise<Release> {
  return client.get<Release>(appPath(app, 'releases', String(versionArgument(version))))
}

function namesIn(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}
