import { createHash, type Hash } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  copyFileSync,
  lchownSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  symlinkSync,
} from 'node:fs'
import { dirname, isAbsolute, join, relative } from 'node:path'

export interface Seal {
  /** `sha256:` and 64 hex digits. */
  readonly digest: string
  /** Bytes of all files. */
  readonly bytes: number
  readonly files: number
  /** Paths of sockets, pipes and devices, which were removed: they mean nothing elsewhere. */
  readonly removed: readonly string[]
}

const CHUNK = Buffer.allocUnsafe(1024 * 1024)

/**
 * Makes a built tree into a slug's: owned by whoever runs the server, modes 755 or 644, no hard links, links into the
 * tree relative; and gives its digest. The digest covers paths in byte order, kinds, the executable bit, link targets and
 * contents, nothing else, so that the same content has the same digest whenever and wherever it was built.
 * Nobody else may be writing to the tree. Synchronous: meant for a worker thread.
 */
export function sealTree(root: string): Seal {
  const sealing = new Sealing(root)
  sealing.folder('')
  return sealing.result()
}

class Sealing {
  readonly #root: string
  readonly #hash: Hash = createHash('sha256')
  readonly #removed: string[] = []
  #bytes = 0
  #files = 0

  constructor(root: string) {
    this.#root = root
  }

  result(): Seal {
    return {
      digest: `sha256:${this.#hash.digest('hex')}`,
      bytes: this.#bytes,
      files: this.#files,
      removed: this.#removed,
    }
  }

  folder(path: string): void {
    const full = join(this.#root, path)
    this.#own(full, 0o755)
    this.#frame('folder', path, 0)
    const names = readdirSync(full, { encoding: 'buffer' }).sort(Buffer.compare)
    for (const name of names) this.#entry(join(path, name.toString()))
  }

  #entry(path: string): void {
    const full = join(this.#root, path)
    const stats = lstatSync(full)
    if (stats.isDirectory()) this.folder(path)
    else if (stats.isSymbolicLink()) this.#link(path, full)
    else if (stats.isFile()) this.#file(path, full, stats)
    else {
      rmSync(full)
      this.#removed.push(path)
    }
  }

  #file(path: string, full: string, stats: Stats): void {
    if (stats.nlink > 1) ownCopy(full)
    const executable = (stats.mode & 0o111) !== 0
    this.#own(full, executable ? 0o755 : 0o644)
    this.#frame(executable ? 'program' : 'file', path, stats.size)
    this.#content(full)
    this.#bytes += stats.size
    this.#files += 1
  }

  #content(full: string): void {
    const file = openSync(full, 'r')
    try {
      for (let read = readSync(file, CHUNK); read > 0; read = readSync(file, CHUNK)) {
        this.#hash.update(CHUNK.subarray(0, read))
      }
    } finally {
      closeSync(file)
    }
  }

  #link(path: string, full: string): void {
    const target = this.#relativeTarget(full)
    if (isRoot) lchownSync(full, 0, 0)
    this.#frame('link', path, Buffer.byteLength(target))
    this.#hash.update(target)
  }

  /** A build may link by absolute paths into its own folder, which will not be there when the slug runs. */
  #relativeTarget(full: string): string {
    const target = readlinkSync(full)
    const inside = relative(this.#root, target)
    if (!isAbsolute(target) || inside.startsWith('..')) return target
    const better = relative(dirname(full), target) || '.'
    rmSync(full)
    symlinkSync(better, full)
    return better
  }

  #own(full: string, mode: number): void {
    if (isRoot) lchownSync(full, 0, 0)
    chmodSync(full, mode)
  }

  /** Lengths make the end of each part plain, so that no two trees look alike to the hash. */
  #frame(kind: string, path: string, length: number): void {
    this.#hash.update(`${kind} ${Buffer.byteLength(path)} ${path} ${length}\n`)
  }
}

const isRoot = process.getuid?.() === 0

/** A file of many names gets one of its own: whoever holds another name could change it. */
function ownCopy(full: string): void {
  const aside = `${full}.${process.pid}.own`
  copyFileSync(full, aside)
  renameSync(aside, full)
}
