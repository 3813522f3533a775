import { setTimeout as pause } from 'node:timers/promises'
import { Flags } from '@oclif/core'
import { TasukiError } from '../../domain/errors.ts'
import type { ApiClient, StreamEvent } from '../client.ts'
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
    'With --tail it goes on until Ctrl-C, also over restarts of the server, without leaving out a line. With --json, one object per line while tailing, else one array.'
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
      summary: 'Only of this source: app, or tasuki for its own lines and the router’s.',
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
    for await (const { data } of logEvents(client, app, session)) {
      shown.push(logLine(data))
      this.#show(data)
    }
    return shown
  }

  /** A session that breaks is followed by another, behind the last line that was shown. */
  async #tail(client: ApiClient, app: string, session: Session): Promise<undefined> {
    let after = ''
    for (let patient = client; ; await pause(PAUSE_MS)) {
      for await (const { data, id } of logEvents(patient, app, session, after)) {
        after = id
        this.#show(data)
      }
      patient = client.patient(PATIENCE_MS)
    }
  }

  #show(text: string): void {
    if (!this.jsonEnabled()) this.print(renderLogLine(logLine(text), this.screen))
    else if (this.argv.some((argument) => argument === '--tail' || argument === '-t'))
      console.log(JSON.stringify(logLine(text)))
  }
}

/** The lines of one session. `after`: id of the last one that was seen. */
async function* logEvents(
  client: ApiClient,
  app: string,
  session: Session,
  after = '',
): AsyncGenerator<StreamEvent> {
  const { logplex_url } = await client.post<{ logplex_url: string }>(appPath(app, 'log-sessions'), session)
  try {
    yield* client.events(logplex_url, undefined, after)
  } catch (error) {
    // The end of a tail is the end of its connection, in one way or another.
    if (!(session.tail && error instanceof TasukiError && error.code === 'unreachable')) throw error
  }
}
