import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Lane, Row, Verdict } from './harness/row.ts'

const FILE = join(import.meta.dirname, '../../docs/heroku.md')
const BEGIN = '<!-- The table: made by test/conformance/, do not edit. -->'
const END = '<!-- End of the table. -->'

const WORDS: Readonly<Record<Verdict, string>> = { works: 'works', partly: 'partly', not: 'no' }

/** The table of all commands, grouped as the lanes are. */
export function tableOf(lanes: readonly Lane[]): string {
  const head = ['| `heroku …` | | |', '|---|---|---|']
  const told = lanes.filter((lane) => lane.told !== false)
  const lines = told.flatMap((lane) => [`| **${lane.name}** | | |`, ...lane.rows.map(line)])
  return [...head, ...lines].join('\n')
}

function line({ command, verdict, note = '' }: Row): string {
  return `| \`${command}\` | ${WORDS[verdict]} | ${note.replaceAll('|', '\\|')} |`
}

/** What stands in the document between the marks. */
export async function readTable(): Promise<string> {
  return (await split()).table.trim()
}

export async function writeTable(table: string): Promise<void> {
  const { before, after } = await split()
  await writeFile(FILE, `${before}${BEGIN}\n${table}\n${END}${after}`)
}

async function split(): Promise<{ before: string; table: string; after: string }> {
  const text = await readFile(FILE, 'utf8')
  const begin = text.indexOf(BEGIN)
  const end = text.indexOf(END)
  if (begin === -1 || end === -1) throw new Error(`${FILE} lacks the marks around its table`)
  return {
    before: text.slice(0, begin),
    table: text.slice(begin + BEGIN.length, end),
    after: text.slice(end + END.length),
  }
}
