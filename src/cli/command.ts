import { Command, Flags } from '@oclif/core'
import { asTasukiError, TasukiError } from '../domain/errors.ts'
import { type Screen, screenOf } from '../text/screen.ts'
import { appOfRemote, chooseApp } from './app-choice.ts'
import { ApiClient } from './client.ts'
import { access } from './credentials.ts'
import { cliError } from './report-error.ts'

/** The flag that most commands take; see `chooseApp` for what counts without it. */
export const appFlag = {
  app: Flags.string({
    char: 'a',
    helpValue: 'APP',
    summary: 'The app. Else TASUKI_APP, a `.tasuki` file, or the Git remote `tasuki`.',
  }),
}

/** The flag that names the app by a Git remote, as `heroku` has it. */
export const remoteFlag = {
  remote: Flags.string({
    char: 'r',
    helpValue: 'REMOTE',
    exclusive: ['app'],
    summary: 'The app that this Git remote leads to.',
  }),
}

/** For commands that follow what they have begun. */
export const followFlags = {
  detach: Flags.boolean({ summary: 'Return at once, without following the rollout.' }),
  'allow-lost': Flags.boolean({ summary: 'Exit with 0 even when requests were lost.' }),
}

/** What every command has: `--json`, a client, a screen, and errors of the one table. */
export abstract class TasukiCommand extends Command {
  static override enableJsonFlag = true

  /** The screen behind stdout. */
  protected get screen(): Screen {
    return screenOf(process.stdout, process.env)
  }

  /** A client for the server that the environment or the login file names. */
  protected async client(): Promise<ApiClient> {
    return new ApiClient(await access(process.env))
  }

  protected async appName(flag: string | undefined, remote?: string): Promise<string> {
    if (remote !== undefined) return appOfRemote(remote, process.cwd())
    return (await chooseApp(flag, process.env, process.cwd())).name
  }

  /** Lines for people; nothing with `--json`. */
  protected print(...lines: readonly string[]): void {
    for (const line of lines) this.log(line)
  }

  /** Whether a person sits in front of us, who can be asked. */
  protected get interactive(): boolean {
    return process.stdin.isTTY === true && process.stdout.isTTY === true && !this.jsonEnabled()
  }

  /**
   * Has the person type what is meant before it is too late; `--confirm` says it where nobody can be asked. `end` of the question:
   * `to destroy it`. Throws `bad_request` for anything else.
   */
  protected async confirm(
    name: string,
    given: string | undefined,
    { end, refusal }: { readonly end: string; readonly refusal: string },
  ): Promise<void> {
    const { confirmed } = await import('./ask.ts')
    const typed = given ?? (this.interactive ? await confirmed(`Type ${name} ${end}:`) : undefined)
    if (typed === name) return
    throw new TasukiError('bad_request', refusal, { next: `Add \`--confirm ${name}\` if you mean it.` })
  }

  /** Errors are printed in one place, `start.ts`, which also knows the exit code. */
  protected override async catch(error: Error): Promise<never> {
    throw error
  }

  override toErrorJson(error: unknown): { error: ErrorJson } {
    return { error: errorJson(asTasukiError(cliError(error))) }
  }
}

/** An error as `--json` prints it. */
export interface ErrorJson {
  readonly id: string
  readonly message: string
  readonly next: string
  readonly details?: Readonly<Record<string, unknown>>
}

export function errorJson(error: TasukiError): ErrorJson {
  const details = Object.keys(error.details).length > 0 ? { details: error.details } : {}
  return { id: error.code, message: error.message, next: error.next, ...details }
}

/** The path of an app's resource: `appPath('shop', 'config-vars')` → `/apps/shop/config-vars`. */
export function appPath(app: string, ...rest: readonly string[]): string {
  return ['/apps', app, ...rest]
    .map((part, index) => (index === 0 ? part : encodeURIComponent(part)))
    .join('/')
}

/** As `appPath`, for the calls that are our own. */
export function ourPath(app: string, ...rest: readonly string[]): string {
  return `/tasuki${appPath(app, ...rest)}`
}
