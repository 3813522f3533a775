import { access, constants, mkdir, readFile, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { execa } from 'execa'
import { TasukiError } from '../../domain/errors.ts'
import { writeDurably } from './durable.ts'
import type { Layout } from './layout.ts'
import { luaText } from './lua.ts'
import { type PagePaths, pageFiles } from './pages.ts'
import { WATCHDOG_SCRIPT } from './watchdog-script.ts'

/** Where distributions put it when PATH does not say so. */
const USUAL_PLACES = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin']
const OLDEST: readonly [number, number] = [2, 6]

/** The absolute path of an HAProxy that is new enough; throws `setup_missing`. */
export async function findProgram(wanted: string | undefined): Promise<string> {
  const path = wanted ?? (await firstIn([...(process.env.PATH ?? '').split(delimiter), ...USUAL_PLACES]))
  if (!path) throw missing('HAProxy is not installed.')
  const { stdout, failed } = await execa(path, ['-v'], { reject: false })
  const [, version, major, minor] = /version ((\d+)\.(\d+)\S*)/.exec(stdout ?? '') ?? []
  if (failed || !version) throw missing(`${path} is no HAProxy that runs.`)
  const old = Number(major) < OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) < OLDEST[1])
  if (old) throw missing(`HAProxy ${version} is too old; ${OLDEST.join('.')} is the oldest that will do.`)
  return path
}

async function firstIn(directories: readonly string[]): Promise<string | undefined> {
  for (const directory of directories) {
    const path = join(directory, 'haproxy')
    if (directory && (await isExecutable(path))) return path
  }
  return undefined
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}

function missing(what: string): TasukiError {
  return new TasukiError('setup_missing', what)
}

/**
 * The directories, and the files that are not configuration; `sleeping` is the map that the Lua reads. True when HAProxy
 * would have to load one anew.
 */
export async function layOut(layout: Layout, pages: PagePaths, sleeping: string): Promise<boolean> {
  for (const directory of [layout.directory, layout.maps, layout.pages])
    await mkdir(directory, { recursive: true, mode: 0o700 })
  await touch(sleeping)
  await replaceFile(layout.watchdogScript, WATCHDOG_SCRIPT)
  const loaded = [[layout.lua, luaText(layout, sleeping)] as const, ...pageFiles(pages)]
  const changed = await Promise.all(loaded.map(([path, text]) => replaceFile(path, text)))
  return changed.includes(true)
}

/** Writes the file if its text is another; true if so. */
async function replaceFile(path: string, text: string): Promise<boolean> {
  const present = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (present === text) return false
  await writeDurably(path, text)
  return true
}

/** Makes the file when there is none. */
export async function touch(path: string): Promise<void> {
  await writeFile(path, '', { flag: 'a', mode: 0o600 })
}

/** How many files a process of this user may open. */
export async function mostDescriptors(): Promise<number> {
  const limits = await readFile('/proc/self/limits', 'utf8')
  const [, hard] = /^Max open files\s+\d+\s+(\d+|unlimited)/m.exec(limits) ?? []
  return hard === undefined || hard === 'unlimited' ? PLENTY : Math.min(PLENTY, Number(hard))
}

const PLENTY = 1_000_000
