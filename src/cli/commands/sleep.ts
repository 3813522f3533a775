import { Args, Flags } from '@oclif/core'
import { TasukiError } from '../../domain/errors.ts'
import { ago } from '../../text/numbers.ts'
import type { ApiClient } from '../client.ts'
import { appFlag, ourPath, TasukiCommand } from '../command.ts'
import { interruptible } from '../follow/interrupt.ts'
import { followInstances, stateText } from '../follow/scaling.ts'
import { spanOf, spanText } from '../span.ts'
import type { Dyno, Sleep } from '../wire/apps.ts'
import { instant } from '../wire/rollouts.ts'

export default class SleepCommand extends TasukiCommand {
  static override summary = 'Stop an app until somebody visits it'
  static override description =
    'Drains and stops its instances; its formation stays. The next visitor waits in the router until the app has booted, and is served. A deploy, a config change or a scaling wakes it too.\nWith --after it is put to sleep by itself whenever nobody has visited it for so long, with --never it is not.'
  static override examples = [
    '<%= config.bin %> sleep shop',
    '<%= config.bin %> sleep shop --after 30m',
    '<%= config.bin %> sleep shop --never',
    '<%= config.bin %> sleep shop --show',
  ]
  static override args = { name: Args.string({ description: 'The app; or name it with -a.' }) }
  static override flags = {
    ...appFlag,
    after: Flags.string({
      helpValue: 'SPAN',
      summary: 'From now on, after so long without a visitor: 45s, 30m, 12h.',
    }),
    never: Flags.boolean({ summary: 'From now on not by itself.', exclusive: ['after'] }),
    show: Flags.boolean({ summary: 'Only tell whether it sleeps.', exclusive: ['after', 'never'] }),
    detach: Flags.boolean({ summary: 'Return at once, without waiting for the instances to stop.' }),
  }

  async run(): Promise<Sleep> {
    const { args, flags } = await this.parse(SleepCommand)
    const app = await this.appName(args.name ?? flags.app)
    const client = await this.client()
    const path = ourPath(app, 'sleep')
    if (flags.show) return this.#tell(app, await client.get<Sleep>(path))
    if (flags.after !== undefined || flags.never) {
      const seconds = flags.after === undefined ? null : secondsOf(flags.after)
      return this.#tell(app, await client.patch<Sleep>(path, { after_idle_seconds: seconds }))
    }
    const sleep = await client.patch<Sleep>(path, { state: 'asleep' })
    this.print(`Putting ${app} to sleep …`)
    if (!flags.detach) await this.#follow(client, app)
    this.print(`${app} sleeps. Its next visitor wakes it, or \`tasuki wake ${app}\`.`)
    return sleep
  }

  #tell(app: string, sleep: Sleep): Sleep {
    const { state, since, after_idle_seconds: after } = sleep
    const now =
      state === 'awake' || since === null
        ? 'is awake'
        : `${WORDS[state] ?? state}, ${ago(Date.now() - instant(since))}`
    const rule =
      after === null
        ? 'It is not put to sleep by its own idleness.'
        : `It sleeps after ${spanText(after)} without a visitor.`
    this.print(`${app} ${now}.`, rule)
    return sleep
  }

  async #follow(client: ApiClient, app: string): Promise<void> {
    await interruptible(
      () => `It goes on. Look at it with \`tasuki ps -a ${app}\`.`,
      () =>
        followInstances(client, app, {
          show: (dynos) => this.print(`  ${stateText(dynos)}`),
          settled: (dynos) => dynos.filter(ofFormation).every(({ state }) => state === 'idle'),
        }),
    )
  }
}

const WORDS: Readonly<Record<string, string>> = { asleep: 'fell asleep', waking: 'began to wake up' }

function ofFormation({ type }: Dyno): boolean {
  return type !== 'run'
}

function secondsOf(text: string): number {
  const seconds = spanOf(text)
  if (seconds !== null && seconds > 0) return seconds
  throw new TasukiError('bad_request', `"${text}" is no span of time.`, {
    next: 'Write a number and s, m, h or d: 45s, 30m, 12h, 2d.',
  })
}
