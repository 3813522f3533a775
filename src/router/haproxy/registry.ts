import { TasukiError } from '../../domain/errors.ts'
import type { BackendKey } from '../../rollout/ports.ts'
import { type Backend, SPARE_SETTINGS, sameSettings } from './backend.ts'
import { type BackendContext, parseBackend, renderBackend } from './backend-file.ts'
import type { ConfigFiles } from './config-files.ts'
import { writeDurably } from './durable.ts'

const FILE = /^50-(b\d+)\.cfg$/

/** All backends, as they are on disk. */
export class Registry {
  readonly #files: ConfigFiles
  readonly #context: BackendContext
  readonly #backends = new Map<string, Backend>()
  readonly #checks = new Map<string, string>()

  constructor(files: ConfigFiles, context: BackendContext) {
    this.#files = files
    this.#context = context
  }

  /**
   * Reads the backends from the files. One that is not whole is taken from its good copy; one that has none is left
   * out, so that it spoils no other app. Returns the files that were not whole.
   */
  async load(): Promise<string[]> {
    const broken: string[] = []
    for (const [file, text] of this.#files.texts) {
      const name = FILE.exec(file)?.[1]
      if (!name) continue
      const whole = parsed(name, text)
      if (!whole) broken.push(file)
      const backend = whole ?? parsed(name, (await this.#files.goodText(file)) ?? '')
      if (backend) this.#backends.set(name, backend)
    }
    return broken
  }

  all(): Backend[] {
    return [...this.#backends.values()]
  }

  get(name: string): Backend | undefined {
    return this.#backends.get(name)
  }

  /** Whether the file is that of a backend. */
  has(file: string): boolean {
    return this.all().some(({ name }) => fileOf(name) === file)
  }

  find(key: BackendKey): Backend | undefined {
    return this.all().find(({ owner }) => owner?.appId === key.appId && owner.type === key.type)
  }

  /** A backend that nobody has, with at least that many slots; the smallest that will do. */
  spare(slots: number): Backend | undefined {
    return this.all()
      .filter((each) => isSpare(each) && each.slots.length >= slots)
      .sort((one, other) => one.slots.length - other.slots.length)[0]
  }

  spares(): Backend[] {
    return this.all().filter(isSpare)
  }

  /** A name that no backend has. */
  freshName(taken: ReadonlySet<string>): string {
    let number = 1
    while (taken.has(`b${number}`)) number += 1
    return `b${number}`
  }

  /** Notes at once that the backend is so, so that nobody else takes it; the disk follows by `put`. */
  claim(backend: Backend): void {
    this.#backends.set(backend.name, backend)
  }

  /** Writes a backend that HAProxy has already, with other slots or another owner. */
  async put(backend: Backend): Promise<void> {
    const { config } = await this.#writeChecks(backend)
    await this.#files.write(fileOf(backend.name), config)
    this.#backends.set(backend.name, backend)
  }

  /** The text of a backend's file; what its checks ask is on disk when it resolves. */
  async draft(backend: Backend): Promise<[file: string, text: string]> {
    const { config } = await this.#writeChecks(backend)
    return [fileOf(backend.name), config]
  }

  /** The backends are these from now on; their files are written already. */
  adopt(backends: ReadonlyMap<string, Backend>): void {
    this.#backends.clear()
    for (const [name, backend] of backends) this.#backends.set(name, backend)
  }

  async #writeChecks(backend: Backend): Promise<{ config: string }> {
    const { config, checks } = renderBackend(backend, this.#context)
    if (this.#checks.get(backend.name) !== checks) {
      await writeDurably(this.#context.checksMap(backend.name), checks)
      this.#checks.set(backend.name, checks)
    }
    return { config }
  }
}

function parsed(name: string, text: string): Backend | null {
  try {
    return parseBackend(name, text)
  } catch (error) {
    if (error instanceof TasukiError || error instanceof SyntaxError) return null
    throw error
  }
}

export function fileOf(backend: string): string {
  return `50-${backend}.cfg`
}

function isSpare(backend: Backend): boolean {
  return backend.owner === null && !backend.retired && sameSettings(backend.settings, SPARE_SETTINGS)
}
