import { COMMAND_IDS, type CommandClass, GROUPS, loadCommand } from './commands.ts'

/** `docs/commands.md`, made of what the commands say of themselves. */
export async function commandsMarkdown(): Promise<string> {
  const groups = await Promise.all(
    Object.entries(GROUPS).map(([name, commands]) => group(name, Object.keys(commands))),
  )
  return `${[INTRODUCTION, ...groups.flat()].join('\n\n')}\n`
}

const INTRODUCTION = `# The commands

Made from the commands themselves by \`node src/cli/docs.ts > docs/commands.md\`; \`tasuki COMMAND --help\` says the same.

Every command takes \`--json\` and then prints its result, or \`{"error": {id, message, next, details}}\`, as JSON on stdout.
The app is named by \`-a APP\`, else by TASUKI_APP, a \`.tasuki\` file with the name in this directory or above, or the Git
remote \`tasuki\`. The server is named by TASUKI_URL and TASUKI_TOKEN, else by what \`tasuki login\` wrote, else it is
\`http://127.0.0.1:5999\`. Colours are for terminals only; \`NO_COLOR\` turns them off.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | a defect in Tasuki |
| 2 | something in the command, the source or a value is wrong; nothing was changed |
| 3 | not logged in, or not allowed |
| 4 | not found |
| 5 | another change came between |
| 6 | the build failed |
| 7 | the rollout failed or was returned; the earlier release serves on |
| 8 | the rollout succeeded, but requests were lost |
| 9 | the server lacks disk, memory, ports, or its router |
| 10 | the server can not be reached |
| 11 | too many requests |
| 130 | Ctrl-C; what was begun goes on |`

async function group(name: string, ids: readonly string[]): Promise<string[]> {
  const sections = await Promise.all(ids.map(async (id) => section(id, await loadCommand(id))))
  return [`## ${name[0]?.toUpperCase()}${name.slice(1)}`, ...sections]
}

function section(id: string, command: CommandClass | null): string {
  if (command === null) throw new Error(`${id} is in no file, though it is one of ${COMMAND_IDS.join(', ')}`)
  const examples = (command.examples ?? []).map(
    (example) => `$ ${String(example).replaceAll('<%= config.bin %>', 'tasuki')}`,
  )
  return [
    `### tasuki ${id}`,
    `${command.summary}.`,
    ...(command.description ?? '').split('\n'),
    ...options(command),
    `\`\`\`\n${examples.map((line) => line.replace(/^\$ \$/, '$')).join('\n')}\n\`\`\``,
  ].join('\n\n')
}

function options(command: CommandClass): string[] {
  const args = Object.entries(command.args).map(
    ([name, arg]) => `| \`${name.toUpperCase()}\` | ${arg.description} |`,
  )
  const flags = Object.entries(command.flags ?? {}).map(([name, flag]) => {
    const value = flag.type === 'option' ? ` ${flag.helpValue ?? 'VALUE'}` : ''
    const short = flag.char === undefined ? '' : `-${flag.char}, `
    return `| \`${short}--${name}${value}\` | ${flag.summary}${env(flag)} |`
  })
  const rows = [...args, ...flags]
  return rows.length === 0 ? [] : [['| | |', '|---|---|', ...rows].join('\n')]
}

function env(flag: { env?: string }): string {
  return flag.env === undefined ? '' : ` Variable: ${flag.env}.`
}

if (import.meta.main) process.stdout.write(await commandsMarkdown())
