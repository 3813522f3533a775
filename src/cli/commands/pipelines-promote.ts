import { Flags } from '@oclif/core'
import { TasukiError } from '../../domain/errors.ts'
import type { ApiClient } from '../client.ts'
import { appFlag, appPath, followFlags, TasukiCommand } from '../command.ts'
import { type FollowOptions, followToReceipt } from '../follow/finish.ts'
import { couplingOf, downstream } from '../pipelines.ts'
import type { App, Promotion, PromotionTarget, Release } from '../wire.ts'

export default class PipelinesPromote extends TasukiCommand {
  static override summary = 'Let the artifact of an app serve further down its pipeline'
  static override description =
    'Makes a release of the very artifact that serves, with the config of each target, and hands over to it. Nothing is built. Without --to, every app of the next stage is a target.'
  static override examples = [
    '<%= config.bin %> pipelines:promote -a shop-staging',
    '<%= config.bin %> pipelines:promote -a shop-staging --to shop,shop-ca',
  ]
  static override flags = {
    ...appFlag,
    to: Flags.string({ char: 't', helpValue: 'APPS', summary: 'The targets, separated by commas.' }),
    ...followFlags,
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(PipelinesPromote)
    const app = await this.appName(flags.app)
    const client = await this.client()
    const source = await couplingOf(client, app)
    const targets =
      flags.to === undefined
        ? await downstream(client, source)
        : await Promise.all(namesIn(flags.to).map((name) => client.get<App>(appPath(name))))
    const promotion = await client.post<Promotion>('/pipeline-promotions', {
      pipeline: { id: source.pipeline.id },
      source: { app: { id: source.app.id } },
      targets: targets.map(({ id }) => ({ app: { id } })),
    })
    this.print(`Promoting ${app} to ${targets.map(({ name }) => name).join(', ')}.`)
    const path = `/pipeline-promotions/${promotion.id}/promotion-targets`
    const made = await client.get<PromotionTarget[]>(path)
    if (flags.detach) return { promotion, targets: made }
    const options = { json: this.jsonEnabled(), allowLost: flags['allow-lost'] }
    return { promotion, targets: await this.#followAll(client, targets, made, options) }
  }

  /** One after the other; all go on at once meanwhile. What went wrong first decides the exit code. */
  async #followAll(
    client: ApiClient,
    targets: readonly App[],
    made: readonly PromotionTarget[],
    options: FollowOptions,
  ): Promise<unknown[]> {
    const results: unknown[] = []
    const failures: TasukiError[] = []
    for (const target of targets) {
      const id = made.find((one) => one.app.id === target.id)?.release?.id
      try {
        results.push(await followed(client, target, id, options))
      } catch (error) {
        if (!(error instanceof TasukiError)) throw error
        failures.push(error)
        if (targets.length > 1) this.print(`${target.name}: ${error.message}`)
      }
    }
    if (failures[0] !== undefined) throw failures[0]
    return results
  }
}

async function followed(
  client: ApiClient,
  { name }: App,
  releaseId: string | undefined,
  options: FollowOptions,
): Promise<unknown> {
  if (releaseId === undefined)
    throw new TasukiError('conflict', `${name} was destroyed meanwhile.`, { next: 'See `tasuki apps`.' })
  const release = await client.get<Release>(appPath(name, 'releases', releaseId))
  const rollout = release.tasuki?.rollout_id ?? null
  if (rollout === null) return { app: name, release }
  return { app: name, release, ...(await followToReceipt(client, name, rollout, options)) }
}

function namesIn(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}
