import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { COMMAND_IDS, type CommandClass, loadCommand } from './commands.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PAGES = [
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'test/lab/README.md'],
  ...readdirSync(join(ROOT, 'docs'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
]
/** What a shell does with what follows is no part of the command. */
const END = /^(\||\|\||&&|;|>|>>|<|#|--)$/

interface Said {
  readonly page: string
  /** A command of ours with its arguments. */
  readonly words: readonly string[]
}

/** Every `tasuki …` in a code block or in a line of code. */
function commandsIn(page: string): Said[] {
  const text = readFileSync(join(ROOT, page), 'utf8')
  const blocks = [...text.matchAll(/^ *```[^\n]*\n([\s\S]*?)^ *```/gm)].map(([, block]) => block!)
  const lines = blocks.flatMap((block) => block.replaceAll('\\\n', ' ').split('\n'))
  const inline = text.replaceAll(/^ *```[\s\S]*?^ *```/gm, '').matchAll(/`([^`]+)`/g)
  const pieces = [...lines, ...[...inline].map(([, code]) => code!.replaceAll(/\s+/g, ' '))]
  return pieces.flatMap((piece) => {
    const found = /^(?:\$ |# |run: )?(?:sudo )?(?:[A-Z_]+=\S+ )*(?:\S*\/)?tasuki ([a-z].*)$/.exec(
      piece.trim(),
    )
    return found ? [{ page, words: found[1]!.split(' ').filter((word) => word !== '') }] : []
  })
}

/** Why it is none of ours; null when it is. */
async function wrongIn({ page, words }: Said): Promise<string | null> {
  const [name = '', ...rest] = words.map((word) => word.replace(/[.,:;)]+$/, ''))
  const said = `${page}: tasuki ${words.join(' ')}`
  if (name === 'help' || name === 'heroku') return null
  if (!(COMMAND_IDS as readonly string[]).includes(name)) return `${said}: no such command`
  const command = (await loadCommand(name))!
  const end = rest.findIndex((word) => END.test(word))
  const given = (end === -1 ? rest : rest.slice(0, end)).map((word) => word.replace(/^\[/, ''))
  const strange = strangeFlags(command, given)
  return strange.length === 0 ? null : `${said}: no such flag ${strange.join(' ')}`
}

function strangeFlags(
  { flags = {}, baseFlags = {}, strict }: CommandClass,
  given: readonly string[],
): string[] {
  const known = new Map([
    ['--json', 'boolean'],
    ['--help', 'boolean'],
    ...Object.entries({ ...baseFlags, ...flags }).flatMap(([flag, { char, type, ...rest }]) =>
      [`--${flag}`, `-${char}`, ...('allowNo' in rest && rest.allowNo ? [`--no-${flag}`] : [])].map(
        (one): [string, string] => [one, type],
      ),
    ),
  ])
  const strange: string[] = []
  for (let at = 0; at < given.length; at += 1) {
    const [flag = ''] = given[at]!.split(/[=\]]/)
    const isFlag = /^--?[a-z]/.test(flag)
    // What follows is somebody else's command, with flags of its own.
    if (!isFlag && strict === false) break
    if (isFlag && !known.has(flag)) strange.push(flag)
    if (known.get(flag) === 'option' && !given[at]!.includes('=')) at += 1
  }
  return strange
}

/** Headings as links name them. */
function anchorsOf(file: string): Set<string> {
  const headings = readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)
  return new Set(
    [...headings].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

function brokenLinks(page: string): string[] {
  const text = readFileSync(join(ROOT, page), 'utf8').replaceAll(/^ *```[\s\S]*?^ *```/gm, '')
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!)
  return links
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [path, anchor] = link.split('#')
      const file = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), path!)
      if (!existsSync(file)) return true
      return anchor !== undefined && file.endsWith('.md') && !anchorsOf(file).has(anchor)
    })
    .map((link) => `${page}: ${link}`)
}

/** Files of the project that a page names. */
function missingFiles(page: string): string[] {
  const text = readFileSync(join(ROOT, page), 'utf8')
  const named = text.matchAll(/`((?:src|test|docs|scripts|examples)\/[\w./-]+\.(?:ts|sh|md|json|mjs))`/g)
  return [...named]
    .map(([, file]) => file!)
    .filter((file) => !existsSync(join(ROOT, file)))
    .map((file) => `${page}: ${relative('', file)}`)
}

describe('the pages', () => {
  it('name only commands and flags that there are', async () => {
    const said = PAGES.flatMap(commandsIn)
    assert.ok(said.length > 100, `only ${said.length} commands were found`)
    const wrong = await Promise.all(said.map(wrongIn))
    assert.deepEqual(
      wrong.filter((one) => one !== null),
      [],
    )
  })

  it('lead only to pages and files that there are', () => {
    assert.deepEqual([...PAGES.flatMap(brokenLinks), ...PAGES.flatMap(missingFiles)], [])
  })
})
