import { type FSWatcher, watch } from 'node:fs'

/**
 * Says that something in a directory has changed. Watching costs nothing while all is quiet; while it is busy, each
 * write would cost an event, so after the first one the watcher is closed until `rest` is called.
 */
export class Activity {
  readonly #directory: string
  readonly #changed: () => void
  #watcher: FSWatcher | null = null

  constructor(directory: string, changed: () => void) {
    this.#directory = directory
    this.#changed = changed
  }

  /** Watches until the next change. Returns false where the system has no watches left: look yourself from time to time. */
  rest(): boolean {
    if (this.#watcher) return true
    try {
      this.#watcher = watch(this.#directory, { persistent: false }, () => this.#wake())
      this.#watcher.on('error', () => this.#wake())
      return true
    } catch (error) {
      if (['ENOSPC', 'EMFILE', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) return false
      throw error
    }
  }

  get isResting(): boolean {
    return this.#watcher !== null
  }

  close(): void {
    this.#watcher?.close()
    this.#watcher = null
  }

  #wake(): void {
    this.close()
    this.#changed()
  }
}
