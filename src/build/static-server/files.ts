import { createHash } from 'node:crypto'
import { type FileHandle, open, realpath } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'

/** A file that is to be sent, open. Whoever gets it closes it. */
export interface Found {
  readonly handle: FileHandle
  readonly size: number
  /** Names the content, so that what a release left unchanged needs no second download. */
  readonly tag: string
  readonly type: string
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.htm': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
  '.xml': 'application/xml',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.avif': 'image/avif',
  '.ico': 'image/x-icon',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
  '.ttf': 'font/ttf',
  '.otf': 'font/otf',
  '.wasm': 'application/wasm',
  '.pdf': 'application/pdf',
  '.zip': 'application/zip',
  '.gz': 'application/gzip',
  '.mp3': 'audio/mpeg',
  '.mp4': 'video/mp4',
  '.webm': 'video/webm',
}

/** Files of one folder, by the path of a request. */
export class Files {
  readonly #root: string
  readonly #tags = new Map<string, string>()

  private constructor(root: string) {
    this.#root = root
  }

  /** Throws when there is no such folder. */
  static async of(root: string): Promise<Files> {
    return new Files(await realpath(root))
  }

  /**
   * The file for a decoded path that begins with a slash; `folder` when it is a folder with an index.html but no slash at
   * the end; null when nothing is there for visitors: hidden files and what lies outside are not.
   */
  async find(path: string): Promise<Found | 'folder' | null> {
    if (path.includes('\0') || path.split(/[/\\]/).some(isHidden)) return null
    const wanted = path.endsWith('/') ? `${path}index.html` : path
    const found = await this.#open(wanted)
    if (found !== 'folder') return found
    const index = await this.#open(`${wanted}/index.html`)
    if (index === null || index === 'folder') return null
    await index.handle.close()
    return 'folder'
  }

  async #open(path: string): Promise<Found | 'folder' | null> {
    const file = await this.#real(path)
    if (file === null) return null
    const handle = await open(file)
    try {
      const stats = await handle.stat()
      if (stats.isFile()) return await this.#found(file, handle, stats.size)
      await handle.close()
      return stats.isDirectory() ? 'folder' : null
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  async #found(file: string, handle: FileHandle, size: number): Promise<Found> {
    const type = TYPES[extname(file).toLowerCase()] ?? 'application/octet-stream'
    const tag = this.#tags.get(file) ?? (await tagOf(handle))
    this.#tags.set(file, tag)
    return { handle, size, tag, type }
  }

  /** Links are followed as long as they stay inside. */
  async #real(path: string): Promise<string | null> {
    try {
      const file = await realpath(join(this.#root, path))
      return file === this.#root || file.startsWith(this.#root + sep) ? file : null
    } catch (error) {
      if (MISSING.has((error as NodeJS.ErrnoException).code ?? '')) return null
      throw error
    }
  }
}

/** The files of a slug never change, so each is read for this once. */
async function tagOf(handle: FileHandle): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of handle.createReadStream({ autoClose: false, start: 0 })) hash.update(chunk)
  return hash.digest('base64url').slice(0, 27)
}

const MISSING = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'EACCES'])

/** `.well-known` is what certificates and other services look into. */
function isHidden(step: string): boolean {
  return step.startsWith('.') && step !== '.well-known'
}
