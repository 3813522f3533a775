import { CommandHelp, type Interfaces } from '@oclif/core'
import type { Screen } from '../text/screen.ts'
import { table } from '../text/table.ts'
import { wrapped } from '../text/wrap.ts'
import { COMMAND_IDS, type CommandClass, GROUPS, loadCommand } from './commands.ts'

/** What `tasuki --help` says. */
export async function rootHelp(screen: Screen): Promise<string> {
  const { paint, width } = screen
  const sections = await Promise.all(
    Object.entries(GROUPS).map(async ([group, commands]) => [
      paint('bold', group.toUpperCase()),
      ...(await summaries(Object.keys(commands), width)),
      '',
    ]),
  )
  return [
    'Tasuki deploys your app without losing a request, and proves it with a receipt.',
    '',
    paint('bold', 'USAGE'),
    '  $ tasuki COMMAND [-a APP] [--json]',
    '',
    ...sections.flat(),
    'Each command tells more: tasuki COMMAND --help',
  ].join('\n')
}

async function summaries(ids: readonly string[], width: number): Promise<string[]> {
  const rows = await Promise.all(ids.map(async (id) => [`  ${id}`, (await loadCommand(id))?.summary ?? '']))
  return table([{ head: '' }, { head: '' }], rows, width)
}

/** What `tasuki COMMAND --help` says. */
export function commandHelp(command: CommandClass, config: Interfaces.Config, screen: Screen): string {
  const maxWidth = Math.min(screen.width, 100)
  const generated = new CommandHelp(described(command), config, {
    maxWidth,
    flagSortOrder: 'none',
  }).generate()
  const related = relatedCommands(command.id)
  return [
    ...wrapped(command.summary ?? '', maxWidth),
    '',
    generated,
    ...(related.length > 0 ? ['', screen.paint('bold', 'SEE ALSO'), `  ${related.join(', ')}`] : []),
  ].join('\n')
}

/** oclif's help reads a command's description from a plain object with all flags in one place. */
function described(command: CommandClass): ConstructorParameters<typeof CommandHelp>[0] {
  const { id, strict, examples, usage, aliases } = command
  const args = Object.fromEntries(Object.entries(command.args).map(([name, arg]) => [name, { ...arg, name }]))
  const json = { json: { name: 'json', type: 'boolean', summary: 'Print the result as JSON.' } }
  const flags = { ...command.flags, ...json }
  const shown = { id, args, strict, examples, usage, aliases, flags, description: command.description }
  return shown as unknown as ConstructorParameters<typeof CommandHelp>[0]
}

/** Those of the same topic: `ps` and `ps:scale` for `ps:restart`. */
function relatedCommands(id: string): string[] {
  const topic = id.split(':')[0]
  return COMMAND_IDS.filter((other) => other !== id && other.split(':')[0] === topic)
}
