import { chmod, copyFile, type FileHandle, lstat, mkdir, open, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ReadEntry } from 'tar'
import { TasukiError } from '../../domain/errors.ts'
import type { Meter } from './limits.ts'
import { leadsOut } from './links.ts'

/**
 * One archive on its way to the disk. Files are written first and symbolic links made last, so that nothing is ever
 * written through a link.
 */
export class Unpacking {
  readonly #dir: string
  readonly #meter: Meter
  readonly #links = new Map<string, string>()
  readonly #files = new Set<string>()
  #last: Promise<void> = Promise.resolve()
  #open: ReadEntry | null = null
  #aborted = false

  constructor(dir: string, meter: Meter) {
    this.#dir = dir
    this.#meter = meter
  }

  /** Takes an entry, after those before it. */
  take(entry: ReadEntry): Promise<void> {
    this.#last = this.#last.then(() => this.#take(entry))
    return this.#last
  }

  /** Stops at once; resolves when nothing is being written any more. */
  async abort(): Promise<void> {
    this.#aborted = true
    this.#open?.destroy()
    await this.#last.catch(() => undefined)
  }

  async #take(entry: ReadEntry): Promise<void> {
    const path = insidePath(entry.path)
    this.#meter.entry(entry.size)
    switch (entry.type) {
      case 'Directory':
        entry.resume()
        await mkdir(join(this.#dir, path), { recursive: true })
        return
      case 'File':
      case 'OldFile':
      case 'ContiguousFile':
        return await this.#writeFile(entry, path)
      case 'SymbolicLink':
        entry.resume()
        return this.#rememberLink(path, entry.linkpath ?? '')
      case 'Link':
        entry.resume()
        return await this.#copyLinked(path, insidePath(entry.linkpath ?? ''))
      default:
        throw invalid(`"${shown(path)}" is a ${entry.type}; only files, folders and links can be deployed.`)
    }
  }

  /** Waits for all entries and makes the symbolic links. */
  async finish(): Promise<void> {
    await this.#last
    for (const path of this.#links.keys()) this.#checkLink(path)
    for (const [path, target] of this.#links) {
      await mkdir(dirname(join(this.#dir, path)), { recursive: true })
      await symlink(target, join(this.#dir, path))
    }
  }

  #checkLink(path: string): void {
    const above = ancestors(path).find((folder) => this.#links.has(folder))
    if (above !== undefined) throw invalid(`"${shown(path)}" lies behind the link "${shown(above)}".`)
    if (!leadsOut(path, this.#links)) return
    const target = shown(this.#links.get(path)!)
    throw invalid(`The link "${shown(path)}" leads out of the source (to "${target}").`)
  }

  async #writeFile(entry: ReadEntry, path: string): Promise<void> {
    this.#files.add(path)
    const file = join(this.#dir, path)
    await mkdir(dirname(file), { recursive: true })
    await using handle = await open(file, 'wx', 0o600)
    await this.#copy(entry, handle)
    await handle.chmod(normalMode(entry.mode ?? 0))
  }

  /** An entry that is cut short never ends: the loop is left by the entry's destruction, or between two chunks. */
  async #copy(entry: ReadEntry, handle: FileHandle): Promise<void> {
    if (this.#aborted) return
    this.#open = entry
    for await (const chunk of entry) {
      await handle.writeFile(chunk)
      if (this.#aborted) return
    }
    this.#open = null
  }

  #rememberLink(path: string, target: string): void {
    if (this.#links.has(path)) throw invalid(`"${shown(path)}" stands in the archive twice.`)
    if (target === '' || target.includes('\0')) throw invalid(`The link "${shown(path)}" leads nowhere.`)
    this.#links.set(path, target)
  }

  /** A hard link becomes a file of its own, counted in full. */
  async #copyLinked(path: string, target: string): Promise<void> {
    if (!this.#files.has(target)) {
      throw invalid(`The link "${shown(path)}" leads to "${shown(target)}", which is no earlier file.`)
    }
    const from = join(this.#dir, target)
    const { size, mode } = await lstat(from)
    this.#meter.entry(size)
    const to = join(this.#dir, path)
    await mkdir(dirname(to), { recursive: true })
    await copyFile(from, to, 1)
    await chmod(to, mode)
    this.#files.add(path)
  }
}

/** `a/b/c` → `a`, `a/b`. */
function ancestors(path: string): string[] {
  const steps = path.split('/')
  return steps.slice(1).map((_, index) => steps.slice(0, index + 1).join('/'))
}

/** Executable or not is all that is kept of a mode. */
function normalMode(mode: number): number {
  return mode & 0o111 ? 0o755 : 0o644
}

/** The path without `.` and double slashes; throws when it is absolute or climbs. */
function insidePath(path: string): string {
  const steps = path.split('/').filter((step) => step !== '' && step !== '.')
  if (path.startsWith('/') || steps.includes('..') || path.includes('\0')) {
    throw invalid(`"${shown(path)}" lies outside the source.`)
  }
  return steps.join('/')
}

function invalid(what: string): TasukiError {
  return new TasukiError('invalid_source', what)
}

function shown(path: string): string {
  return JSON.stringify(path.slice(0, 120)).slice(1, -1)
}
