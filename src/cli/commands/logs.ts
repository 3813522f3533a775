import { setTimeout as pause } from 'node:timers/promises'
import { Flags } from '@oclif/core'
import { TasukiError } from '../../domain/errors.ts'
import type { ApiClient } from '../client.ts'
import { appFlag, appPath, TasukiCommand } from '../command.ts'
import { PATIENCE_MS } from '../follow/rollout.ts'
import { type LogLine, logLine, renderLogLine } from '../render/log-line.ts'

const PAUSE_MS = 500

interface Session {
  readonly lines: number
  readonly tail: boolean
  readonly dyno?: string
  readonly source?: string
}

export default class Logs extends TasukiCommand {
  static override summary = 'Show the log of an app: its instances, the router, and Tasuki itself'
  static override description =
    'With --tail it goes on until Ctrl-C, also over restarts of the server. With --json, one object per line while tailing, else one array.'
  static override examples = [
    '<%= config.bin %> logs -a shop',
    '<%= config.bin %> logs --tail -a shop',
    '<%= config.bin %> logs -n 500 --dyno web.1 -a shop',
    '<%= config.bin %> logs --source app -a shop',
  ]
  static override flags = {
    ...appFlag,
    num: Flags.integer({
      char: 'n',
      min: 0,
      max: 1500,
      default: 100,
      helpValue: 'LINES',
      summary: 'How many lines.',
    }),
    tail: Flags.boolean({ char: 't', summary: 'Go on with new lines as they come.' }),
    dyno: Flags.string({
      char: 'd',
      helpValue: 'NAME',
      summary: 'Only of this instance (web.1), type (web), or router.',
    }),
    source: Flags.string({
      char: 's',
      helpValue: 'SOURCE',
      summary: 'Only of this source: app, or tasuki for its own lines.',
    }),
  }

  async run(): Promise<readonly LogLine[] | undefined> {
    const { flags } = await this.parse(Logs)
    const app = await this.appName(flags.app)
    const { num: lines, dyno, source } = flags
    const tail = Boolean(flags.tail)
    const session = { lines, tail, ...(dyno ? { dyno } : {}), ...(source ? { source } : {}) }
    const client = await this.client()
    if (tail) return await this.#tail(client, app, session)
    return await this.#once(client, app, session)
  }

  async #once(client: ApiClient, app: string, session: Session): Promise<LogLine[]> {
    const shown: LogLine[] = []
    for await (const text of logTexts(client, app, session)) {
      shown.push(logLine(text))
      this.#show(text)
    }
    return shown
  }

  /** A session that breaks is followed by another, without the lines that were there before. */
  async #tail(client: ApiClient, app: string, session: Session): Promise<undefined> {
    for await (const text of logTexts(client, app, session)) this.#show(text)
    for (const patient = client.patient(PATIENCE_MS); ; await pause(PAUSE_MS)) {
      for await (const text of logTexts(patient, app, { ...session, lines: 0 })) this.#show(text)
    }
  }

  #show(text: string): void {
    if (!this.jsonEnabled()) this.print(renderLogLine(logLine(text), this.screen))
    else if (this.argv.some((argument) => argument === '--tail' || argument === '-t'))
      console.log(JSON.stringify(logLine(text)))
  }
}

async function* logTexts(client: ApiClient, app: string, session: Session): AsyncGenerator<string> {
  const { logplex_url } = await client.post<{ logplex_url: string }>(appPath(app, 'log-sessions'), session)
  try {
    for await (const { data } of client.events(logplex_url)) yield data
  } catch (error) {
    // The end of a tail is the end of its connection, in one way or another.
    if (!(session.tail && error instanceof TasukiError && error.code === 'unreachable')) throw error
  }
}
