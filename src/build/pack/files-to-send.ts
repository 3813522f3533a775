import { readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { TasukiError } from '../../domain/errors.ts'
import { leadsOut } from '../source/links.ts'
import { Ignored } from './ignored.ts'

/**
 * Paths of all files and symbolic links below a folder that are to be sent, with `/` between the parts.
 * Throws `invalid_source` for a link that leads out of the folder, also by way of other links.
 */
export async function filesToSend(root: string): Promise<string[]> {
  const found = new Found(root)
  await found.folder('', await Ignored.of(root))
  found.refuseLinksOut()
  return found.paths
}

class Found {
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

  refuseLinksOut(): void {
    for (const [path, target] of this.#links) {
      if (!leadsOut(path, this.#links)) continue
      throw new TasukiError('invalid_source', `The link ${path} leads out of the folder (to ${target}).`, {
        next: 'Replace it by what it leads to, or name it in .slugignore; nothing was sent.',
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
