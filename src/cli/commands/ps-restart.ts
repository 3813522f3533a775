import { Args } from '@oclif/core'
import type { ApiClient } from '../client.ts'
import { appFlag, appPath, followFlags, ourPath, TasukiCommand } from '../command.ts'
import { followToReceipt } from '../follow/finish.ts'
import { goesOn, interruptible } from '../follow/interrupt.ts'
import { followInstances, stateText } from '../follow/scaling.ts'
import type { Dyno } from '../wire/apps.ts'

export default class PsRestart extends TasukiCommand {
  static override summary = 'Replace instances by fresh ones of the same release'
  static override description =
    'Through the same hand-over as a deploy: no request is lost. All of the app, one process type, or one instance.'
  static override examples = [
    '<%= config.bin %> ps:restart -a shop',
    '<%= config.bin %> ps:restart web -a shop',
    '<%= config.bin %> ps:restart web.1 -a shop',
  ]
  static override args = {
    what: Args.string({ description: 'A process type (web) or an instance (web.1).' }),
  }
  static override flags = { ...appFlag, ...followFlags }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(PsRestart)
    const app = await this.appName(flags.app)
    const client = await this.client()
    const single = args.what?.includes('.') ? args.what : undefined
    const before = single === undefined ? [] : await instancesNamed(client, app, single)
    const { rollout_id } = await client.post<{ rollout_id: string | null }>(
      ourPath(app, 'restart'),
      restartBody(args.what),
    )
    this.print(`Restarting ${args.what ?? app} …`)
    if (flags.detach) return { rollout: rollout_id }
    if (rollout_id !== null) {
      const options = { json: this.jsonEnabled(), allowLost: flags['allow-lost'] }
      return await followToReceipt(client, app, rollout_id, options)
    }
    return single === undefined ? { rollout: null } : await this.#followOne(client, app, single, before)
  }

  async #followOne(client: ApiClient, app: string, name: string, before: readonly Dyno[]): Promise<unknown> {
    const old = new Set(before.map((dyno) => dyno.id))
    const named = (dynos: readonly Dyno[]) => dynos.filter((dyno) => dyno.name === name)
    const dynos = await interruptible(
      () => goesOn(app),
      () =>
        followInstances(client, app, {
          show: (dynos) => this.print(`  ${stateText(named(dynos))}`),
          settled: (dynos) =>
            named(dynos).length > 0 && named(dynos).every((dyno) => dyno.state === 'up' && !old.has(dyno.id)),
        }),
    )
    this.print('Done.')
    return { rollout: null, instances: named(dynos) }
  }
}

function restartBody(what: string | undefined): { instance?: string; type?: string } {
  if (what === undefined) return {}
  return what.includes('.') ? { instance: what } : { type: what }
}

async function instancesNamed(client: ApiClient, app: string, name: string): Promise<Dyno[]> {
  const dynos = await client.get<Dyno[]>(appPath(app, 'dynos'))
  return dynos.filter((dyno) => dyno.name === name)
}
