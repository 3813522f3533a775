import { Config } from '@oclif/core'
import { asTasukiError, TasukiError } from '../domain/errors.ts'
import { screenOf } from '../text/screen.ts'
import { VERSION } from '../version.ts'
import { errorJson } from './command.ts'
import { COMMAND_IDS, type CommandClass, loadCommand } from './commands.ts'
import { commandHelp, rootHelp } from './help.ts'
import { cliError, errorText } from './report-error.ts'
import { suggestions } from './suggest.ts'

/** Runs the command that the arguments name. Returns the exit code; never throws, prints every error itself. */
export async function start(argv: readonly string[]): Promise<number> {
  try {
    await dispatch(argv)
    return Number(process.exitCode ?? 0)
  } catch (error) {
    const shown = asTasukiError(cliError(error))
    if (wantsJson(argv)) console.log(JSON.stringify({ error: errorJson(shown) }, null, 2))
    else process.stderr.write(errorText(shown))
    if (process.env.TASUKI_DEBUG) console.error(error)
    return shown.exit
  }
}

async function dispatch(argv: readonly string[]): Promise<void> {
  const [first, ...rest] = argv
  if (first === '--version' || first === '-v' || first === 'version')
    return void console.log(`tasuki ${VERSION}, Node ${process.version}`)
  if (first === undefined || first === '--help' || first === '-h')
    return void console.log(await rootHelp(screen()))
  if (first === 'help') return await help(rest[0])
  const command = await loadCommand(first)
  if (command === null) throw unknownCommand(first)
  if (asksForHelp(command, rest)) return await help(first)
  await command.run([...rest], await config())
}

async function help(name: string | undefined): Promise<void> {
  if (name === undefined) return void console.log(await rootHelp(screen()))
  const command = await loadCommand(name)
  if (command === null) throw unknownCommand(name)
  console.log(commandHelp(command, await config(), screen()))
}

/** `--help` is ours unless it stands behind what is to be run, as in `tasuki run node --help`. */
function asksForHelp(command: CommandClass, argv: readonly string[]): boolean {
  const ours = 'ownArguments' in command ? (command.ownArguments as OwnArguments)(argv) : beforeDashes(argv)
  return ours.includes('--help') || ours.includes('-h')
}

/** For commands whose arguments end in somebody else's: returns those that are the command's own. */
type OwnArguments = (argv: readonly string[]) => readonly string[]

function beforeDashes(argv: readonly string[]): readonly string[] {
  const dashes = argv.indexOf('--')
  return dashes === -1 ? argv : argv.slice(0, dashes)
}

function unknownCommand(name: string): TasukiError {
  const near = suggestions(name, COMMAND_IDS).map((id) => `\`tasuki ${id}\``)
  return new TasukiError('bad_request', `There is no command "${name}".`, {
    next: near.length > 0 ? `Did you mean ${near.join(' or ')}?` : '`tasuki --help` lists the commands.',
  })
}

function wantsJson(argv: readonly string[]): boolean {
  return beforeDashes(argv).includes('--json')
}

function screen() {
  return screenOf(process.stdout, process.env)
}

/** What oclif wants to know of a package; commands are found by ourselves. */
function config(): Promise<Config> {
  const oclif = { bin: 'tasuki', topicSeparator: ':' }
  const pjson = { name: 'tasuki', version: VERSION, type: 'module', oclif }
  return Config.load({ root: import.meta.dirname, pjson: pjson as never })
}
