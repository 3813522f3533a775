import { readdir, readFile, readlink } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import ignore, { type Ignore } from 'ignore'
import { TasukiError } from '../../domain/errors.ts'

/** Never part of a source: history, and dependencies, which the build installs itself. */
const NEVER = new Set(['.git', 'node_modules'])
const IGNORE_FILES = ['.gitignore', '.slugignore']

/** The rules of one folder: they hold for what lies below it. */
interface Rules {
  readonly folder: string
  readonly ignore: Ignore
}

/**
 * Paths of all files and symbolic links below a directory that are to be sent, sorted, `/` between the parts.
 * `.gitignore` and `.slugignore` hold, also those of folders further down.
 * Throws `invalid_source` for a link that leads out of the directory.
 */
export async function filesToSend(root: string): Promise<string[]> {
  const found: string[] = []
  await walk(root, '', [], found)
  return found.sort()
}

async function walk(root: string, folder: string, above: readonly Rules[], found: string[]): Promise<void> {
  const rules = [...above, ...(await rulesOf(root, folder))]
  for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (NEVER.has(entry.name) || isIgnored(path, entry.isDirectory(), rules)) continue
    if (entry.isDirectory()) await walk(root, path, rules, found)
    else if (entry.isFile()) found.push(path)
    else if (entry.isSymbolicLink()) found.push(await insideLink(root, path))
  }
}

async function rulesOf(root: string, folder: string): Promise<Rules[]> {
  const texts = await Promise.all(IGNORE_FILES.map((name) => textOf(join(root, folder, name))))
  const text = texts.filter((one) => one !== null).join('\n')
  return text === '' ? [] : [{ folder, ignore: ignore().add(text) }]
}

async function textOf(file: string): Promise<string | null> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'EISDIR') return null
    throw error
  })
}

/** The rules of a deeper folder have the last word, as in Git. */
function isIgnored(path: string, isFolder: boolean, rules: readonly Rules[]): boolean {
  let ignored = false
  for (const { folder, ignore } of rules) {
    const inside = folder === '' ? path : relative(folder, path)
    const result = ignore.test(isFolder ? `${inside}/` : inside)
    if (result.ignored) ignored = true
    if (result.unignored) ignored = false
  }
  return ignored
}

async function insideLink(root: string, path: string): Promise<string> {
  const target = await readlink(join(root, path))
  const full = resolve(dirname(join(root, path)), target)
  const leadsOut = isAbsolute(target) || relative(root, full).split('/')[0] === '..'
  if (!leadsOut) return path
  throw new TasukiError('invalid_source', `${path} is a link to ${target}, outside of the source.`, {
    next: 'Replace the link by what it leads to, or name it in .slugignore.',
  })
}
