import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { TasukiError } from '../../domain/errors.ts'
import { removeDurably, writeDurably } from './durable.ts'
import type { Layout } from './layout.ts'

/** File name → text; null: the file goes. */
export type FileChanges = ReadonlyMap<string, string | null>

const CHECK_MS = 60_000

/** The directory that HAProxy boots from, and its copy that HAProxy is known to accept. */
export class ConfigFiles {
  readonly #layout: Layout
  readonly #program: string
  #texts = new Map<string, string>()
  readonly #unkept = new Set<string>()

  constructor(layout: Layout, program: string) {
    this.#layout = layout
    this.#program = program
  }

  /** What is on disk, by file name. */
  get texts(): ReadonlyMap<string, string> {
    return this.#texts
  }

  async load(): Promise<void> {
    await mkdir(this.#layout.config, { recursive: true, mode: 0o700 })
    await mkdir(this.#layout.good, { recursive: true, mode: 0o700 })
    const names = (await readdir(this.#layout.config)).filter((name) => name.endsWith('.cfg'))
    const read = async (name: string) =>
      [name, await readFile(join(this.#layout.config, name), 'utf8')] as const
    this.#texts = new Map(await Promise.all(names.map(read)))
  }

  /** The text that HAProxy is known to accept; null when there is none. */
  async goodText(name: string): Promise<string | null> {
    return readFile(join(this.#layout.good, name), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw error
    })
  }

  /** Writes a file whose shape HAProxy has accepted before: only what stands in its slots differs. */
  async write(name: string, text: string): Promise<void> {
    if (this.#texts.get(name) === text) return
    await this.change(new Map([[name, text]]))
    await this.keep()
  }

  /** Those of the changes that make a difference. */
  differing(changes: FileChanges): FileChanges {
    return new Map([...changes].filter(([name, text]) => (this.#texts.get(name) ?? null) !== text))
  }

  /** Changes files without saying that HAProxy accepts them; returns what takes it back. */
  async change(changes: FileChanges): Promise<FileChanges> {
    const before = new Map([...changes.keys()].map((name) => [name, this.#texts.get(name) ?? null]))
    for (const [name, text] of changes) {
      await put(this.#layout.config, name, text)
      if (text === null) this.#texts.delete(name)
      else this.#texts.set(name, text)
      this.#unkept.add(name)
    }
    return before
  }

  /** These files and no others. */
  async replaceAll(wanted: ReadonlyMap<string, string>): Promise<void> {
    const gone = [...this.#texts.keys()].filter((name) => !wanted.has(name))
    const all = new Map<string, string | null>([...wanted, ...gone.map((name) => [name, null] as const)])
    await this.change(this.differing(all))
    await this.keep()
  }

  /** HAProxy has accepted what is on disk: the copy becomes the same. */
  async keep(): Promise<void> {
    for (const name of this.#unkept) {
      this.#unkept.delete(name)
      await put(this.#layout.good, name, this.#texts.get(name) ?? null)
    }
  }

  /** Throws `router_refused` with HAProxy's words when it would not run these files as they are together. */
  async validate(files: ReadonlyMap<string, string>): Promise<void> {
    const directory = join(this.#layout.directory, 'check.d')
    await rm(directory, { recursive: true, force: true })
    await mkdir(directory, { mode: 0o700 })
    try {
      await Promise.all([...files].map(([name, text]) => writeFile(join(directory, name), text)))
      await this.#validateDirectory(directory)
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }

  async #validateDirectory(directory: string): Promise<void> {
    const { failed, all } = await execa(this.#program, ['-c', '-f', directory], {
      all: true,
      reject: false,
      timeout: CHECK_MS,
      env: { PATH: process.env.PATH },
      extendEnv: false,
    })
    if (failed) {
      throw new TasukiError('router_refused', `HAProxy refuses the configuration: ${errorLines(all)}`)
    }
  }
}

/** The lines that say what is wrong, without the paths of a directory that is gone by then. */
function errorLines(output: string): string {
  const lines = output.split('\n').filter((line) => /ALERT/.test(line))
  return (lines.length > 0 ? lines : output.split('\n')).slice(0, 5).join(' · ')
}

async function put(directory: string, name: string, text: string | null): Promise<void> {
  const path = join(directory, name)
  await (text === null ? removeDurably(path) : writeDurably(path, text))
}
