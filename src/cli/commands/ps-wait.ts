import { Flags } from '@oclif/core'
import { TasukiError } from '../../domain/errors.ts'
import type { ApiClient } from '../client.ts'
import { appFlag, appPath, TasukiCommand } from '../command.ts'
import { interruptible } from '../follow/interrupt.ts'
import { newestRelease } from '../follow/newest.ts'
import { followInstances, stateText } from '../follow/scaling.ts'
import type { Dyno, FormationEntry, Release } from '../wire/apps.ts'

export default class PsWait extends TasukiCommand {
  static override summary = 'Wait until the newest release runs everywhere'
  static override description =
    'Until as many instances of it as wanted are up, and none of an older release is left. One-offs do not count.'
  static override examples = ['<%= config.bin %> ps:wait -a shop', '<%= config.bin %> ps:wait -a shop -t web']
  static override flags = {
    ...appFlag,
    type: Flags.string({ char: 't', helpValue: 'TYPE', summary: 'Only instances of this process type.' }),
  }

  async run(): Promise<readonly Dyno[]> {
    const { flags } = await this.parse(PsWait)
    const app = await this.appName(flags.app)
    const client = await this.client()
    const release = await waitable(client, app)
    const formation = await client.get<FormationEntry[]>(appPath(app, 'formation'))
    const wanted = formation.filter(({ type }) => type === (flags.type ?? type) && type !== 'release')
    if (wanted.length === 0 && flags.type !== undefined)
      throw new TasukiError('not_found', `${app} has no process type "${flags.type}".`)
    this.print(`Waiting for v${release.version} of ${app} …`)
    const dynos = await interruptible(
      () => 'It goes on without anybody waiting for it.',
      () =>
        followInstances(client, app, {
          show: (dynos) => this.print(`  ${stateText(ofTypes(dynos, wanted))}`),
          settled: (dynos) => runsEverywhere(dynos, wanted, release.version),
        }),
    )
    this.print('Done.')
    return ofTypes(dynos, wanted)
  }
}

/** The newest release, when it is one that will run. Throws `not_found`, `rollout_failed`. */
async function waitable(client: ApiClient, app: string): Promise<Release> {
  const release = await newestRelease(client, app)
  if (release === null) throw new TasukiError('not_found', `${app} has no releases yet.`)
  if (release.status !== 'failed') return release
  throw new TasukiError('rollout_failed', `v${release.version}, the newest release of ${app}, has failed.`)
}

function ofTypes(dynos: readonly Dyno[], wanted: readonly FormationEntry[]): Dyno[] {
  return dynos.filter((dyno) => wanted.some(({ type }) => type === dyno.type))
}

/** Of an app that sleeps there is nothing to wait for but a visitor. */
const SETTLED: ReadonlySet<string> = new Set(['up', 'idle'])

function runsEverywhere(dynos: readonly Dyno[], wanted: readonly FormationEntry[], version: number): boolean {
  return wanted.every(({ type, quantity }) => {
    const ofType = dynos.filter((dyno) => dyno.type === type)
    return (
      ofType.length === quantity &&
      ofType.every((dyno) => SETTLED.has(dyno.state) && dyno.release.version >= version)
    )
  })
}
