import { Args, Flags } from '@oclif/core'
import { TasukiError } from '../../domain/errors.ts'
import { appFlag, ourPath, TasukiCommand } from '../command.ts'
import { ownArguments } from '../own-arguments.ts'
import type { RunRecord } from '../wire/apps.ts'

export default class Run extends TasukiCommand {
  static override summary = 'Run a command in an instance of its own, with the release and config of the app'
  static override description = [
    'On a terminal the command has one too; else stdin is handed to it. Exits with its exit code.',
    'What stands behind the first word is the command, with all its flags. The instance gets no requests.',
    'The name of a process type runs the command of that type. With --detach (or --json) it is left to itself: see its log.',
    'A command that is attached to ends when its user goes away; every command ends after 24 hours, or as the server is set.',
  ].join('\n')
  static override examples = [
    '<%= config.bin %> run -a shop bash',
    '<%= config.bin %> run -a shop node scripts/report.js --month 5',
    '$ cat dump.sql | <%= config.bin %> run -a shop -- psql',
    '<%= config.bin %> run -a shop --detach npm run reindex',
  ]
  static override strict = false
  static override args = {
    command: Args.string({ required: true, description: 'The command, with its arguments.' }),
  }
  static override flags = {
    ...appFlag,
    detach: Flags.boolean({ char: 'd', summary: 'Start it and return; `tasuki logs` has its output.' }),
    size: Flags.string({ char: 's', helpValue: 'SIZE', summary: 'Size of the instance.' }),
    type: Flags.string({ helpValue: 'TYPE', summary: 'Without --size: take that of this process type.' }),
    seconds: Flags.integer({ min: 1, helpValue: 'SECONDS', summary: 'End it when it has run for so long.' }),
    env: Flags.string({
      char: 'e',
      helpValue: 'KEY=VALUE',
      multiple: true,
      multipleNonGreedy: true,
      summary: 'Set a variable for it; repeatable.',
    }),
    'no-tty': Flags.boolean({ summary: 'Give it no terminal, even when there is one.' }),
    'exit-code': Flags.boolean({ char: 'x', hidden: true, summary: 'For habit: it is always so.' }),
  }

  /** Which arguments are not the command's that is to be run. */
  static ownArguments(argv: readonly string[]): readonly string[] {
    return ownArguments(argv, VALUE_FLAGS).own
  }

  async run(): Promise<unknown> {
    const { own, rest } = ownArguments(this.argv, VALUE_FLAGS)
    const { flags, argv } = await this.parse(Run, [...own, '--', ...rest])
    const app = await this.#app(flags.app, rest)
    const client = await this.client()
    const detach = flags.detach || this.jsonEnabled()
    const tty = !detach && !flags['no-tty'] && process.stdin.isTTY === true && process.stdout.isTTY === true
    const body = {
      command: commandText(argv as string[]),
      ...(flags.size ? { size: flags.size } : {}),
      ...(flags.type ? { type: flags.type } : {}),
      ...(flags.seconds ? { seconds: flags.seconds } : {}),
      ...environment(flags.env ?? [], tty),
      ...(detach ? { detach: true } : { tty }),
      ...(tty ? { columns: process.stdout.columns, lines: process.stdout.rows } : {}),
    }
    const record = await client.post<RunRecord>(ourPath(app, 'run'), body)
    if (detach) {
      this.print(`${record.name} runs. See \`tasuki logs -a ${app} --dyno ${record.name}\`.`)
      return record
    }
    const { attach } = await import('../attach.ts')
    process.exitCode = await attach(client, record, tty)
    return undefined
  }

  /** People who know other tools write `-a APP` behind the command, where it belongs to the command. */
  async #app(flag: string | undefined, rest: readonly string[]): Promise<string> {
    try {
      return await this.appName(flag)
    } catch (error) {
      if (!rest.includes('-a') && !rest.includes('--app')) throw error
      throw new TasukiError('bad_request', 'No app was named.', {
        next: 'Put `-a APP` before the command: what stands behind it belongs to the command.',
      })
    }
  }
}

const VALUE_FLAGS = ['-a', '--app', '-s', '--size', '-e', '--env', '--type', '--seconds']

/** What was given, and the kind of terminal that the command is to draw for. */
function environment(given: readonly string[], tty: boolean): { env?: Record<string, string> } {
  const { TERM } = process.env
  const env = { ...(tty && TERM ? { TERM } : {}), ...Object.fromEntries(given.map(pair)) }
  return Object.keys(env).length > 0 ? { env } : {}
}

/** One word is a shell's text already; several are quoted so that the shell sees the same words again. */
function commandText(words: readonly string[]): string {
  if (words.length === 1) return words[0] ?? ''
  return words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ')
}

function pair(text: string): [string, string] {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new TasukiError('invalid_params', `"${text.slice(0, 60)}" is not KEY=VALUE.`)
}
