import { rmSync, unlinkSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { TasukiError } from '../../domain/errors.ts'
import type { InstanceId } from '../../domain/instance.ts'
import { isCode } from './files.ts'
import { instanceDir, type Layout, statusPath } from './layout.ts'
import { loadSpec, type StoredSpec, specPath } from './stored-spec.ts'

/** Which instances there are, by what is on disk; specs never change, so each is read once. */
export class InstanceBook {
  readonly #layout: Layout
  readonly #specs = new Map<InstanceId, StoredSpec>()

  constructor(layout: Layout) {
    this.#layout = layout
  }

  /** Null when there is no such instance. */
  find(id: InstanceId): StoredSpec | null {
    checkId(id)
    const known = this.#specs.get(id) ?? loadSpec(this.#layout, id)
    if (known) this.#specs.set(id, known)
    return known
  }

  /** Every instance on disk. */
  async all(): Promise<StoredSpec[]> {
    const names = (await readdir(this.#layout.instances)).filter((name) => !name.startsWith('.'))
    this.#forgetAllBut(new Set(names))
    return names.map((name) => this.find(name)).filter((spec) => spec !== null)
  }

  /** Erases an instance: from the first step on it does not exist, and what a crash leaves is cleared by `clear`. */
  erase(id: InstanceId): void {
    this.#specs.delete(id)
    unlinkIfThere(specPath(this.#layout, id))
    unlinkIfThere(statusPath(this.#layout, id))
    rmSync(instanceDir(this.#layout, id), { recursive: true, force: true })
  }

  /** Clears away starts and removals that a crash has cut short. */
  async clear(): Promise<void> {
    const names = (await readdir(this.#layout.instances)).filter((name) => !name.startsWith('.'))
    for (const name of names) if (this.find(name) === null) this.erase(name)
  }

  #forgetAllBut(names: ReadonlySet<string>): void {
    for (const id of this.#specs.keys()) if (!names.has(id)) this.#specs.delete(id)
  }
}

/** Ids become file names: nothing else may pass for one. */
export function checkId(id: InstanceId): void {
  if (!/^[a-z0-9-]{1,63}$/.test(id)) throw new TasukiError('invalid_params', `"${id}" is not an instance id.`)
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error
  }
}
