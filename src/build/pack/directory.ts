import { readdir, readlink, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { create } from 'tar'
import { TasukiError } from '../../domain/errors.ts'
import { leadsOut } from '../source/links.ts'
import { gitState } from './git.ts'
import { Ignored } from './ignored.ts'
import { type Packed, packInto } from './packed.ts'

/**
 * Packs a folder as it is now, committed or not: all files and links, without what .gitignore and .slugignore leave out,
 * .git and node_modules. Throws `invalid_source` when there is no such folder, nothing is in it, or a link leads out of it.
 */
export async function packDirectory(path: string): Promise<Packed> {
  const root = resolve(path)
  await refuseNoFolder(root)
  const found = new Found(root)
  await found.folder('', await Ignored.of(root))
  found.check()
  return packInto(async (file) => {
    // With `./` in front no name can be mistaken for something else (`@name` would be an archive to copy from).
    const names = found.paths.map((name) => `./${name}`)
    await create({ cwd: root, file, gzip: true, portable: true, noDirRecurse: true }, names)
    return gitState(root)
  })
}

async function refuseNoFolder(root: string): Promise<void> {
  const stats = await stat(root).catch(() => null)
  if (stats?.isDirectory()) return
  throw new TasukiError('invalid_source', `There is no folder ${root}.`, {
    next: 'Give the path of the folder that holds your app.',
  })
}

/** What is to be packed, as it is being found. */
class Found {
  /** Files and links, from the root, sorted. */
  readonly paths: string[] = []
  readonly #links = new Map<string, string>()
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  async folder(path: string, ignored: Ignored): Promise<void> {
    const entries = await readdir(join(this.#root, path), { withFileTypes: true })
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const inside = path + entry.name
      if (entry.isDirectory()) await this.#subfolder(`${inside}/`, ignored)
      else if (ignored.has(inside)) continue
      else if (entry.isSymbolicLink()) await this.#link(inside)
      else if (entry.isFile()) this.paths.push(inside)
    }
  }

  /** Refuses an empty source, and links that lead out of it. */
  check(): void {
    if (this.paths.length === 0)
      throw new TasukiError('invalid_source', `There is nothing to deploy in ${this.#root}.`)
    for (const [path, target] of this.#links) {
      if (!leadsOut(path, this.#links)) continue
      throw new TasukiError('invalid_source', `The link ${path} leads out of the folder (to ${target}).`, {
        next: 'Replace it by what it leads to, or leave it out with .slugignore; nothing was sent.',
      })
    }
  }

  async #subfolder(path: string, ignored: Ignored): Promise<void> {
    if (!ignored.has(path)) await this.folder(path, await ignored.below(path))
  }

  async #link(path: string): Promise<void> {
    this.#links.set(path, await readlink(join(this.#root, path)))
    this.paths.push(path)
  }
}
