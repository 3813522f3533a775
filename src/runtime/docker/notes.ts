import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { InstanceExit, InstanceId } from '../../domain/instance.ts'
import { readIfThere, writeDurably } from '../process/files.ts'

/** What is known of an instance and its container can not say. */
export interface Note {
  /** Id of its host. */
  readonly host: string
  /** UTC ms of the first signal that the platform sent; null when none was. */
  readonly signalledAt: number | null
  /** How it ended by itself, for the first time; whatever Docker does with the container after. */
  readonly ended: End | null
}

/** An end, and when the run began that it ended. UTC ms. */
interface End {
  readonly startedAt: number
  readonly exit: InstanceExit
}

/** Notes on the instances of one host, on disk. There is one from before an instance is made until after it is gone. */
export class Notes {
  readonly #directory: string
  readonly #host: string
  readonly #notes = new Map<InstanceId, Note>()

  constructor(data: string, host: string) {
    this.#directory = notesDirectory(data)
    this.#host = host
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
    for (const id of readdirSync(this.#directory)) this.#load(id)
  }

  #load(id: InstanceId): void {
    if (id.endsWith('.new')) return
    const note = JSON.parse(readIfThere(join(this.#directory, id)) ?? '{}') as Partial<Note>
    if (note.host === this.#host) this.#notes.set(id, { ...EMPTY, ...note, host: this.#host })
  }

  get ids(): InstanceId[] {
    return [...this.#notes.keys()]
  }

  of(id: InstanceId): Omit<Note, 'host'> {
    return this.#notes.get(id) ?? EMPTY
  }

  /** Durable when it returns. */
  write(id: InstanceId, change: Partial<Omit<Note, 'host'>> = {}): void {
    const note = { ...this.of(id), ...change, host: this.#host }
    writeDurably(join(this.#directory, id), JSON.stringify(note))
    this.#notes.set(id, note)
  }

  erase(id: InstanceId): void {
    this.#notes.delete(id)
    rmSync(join(this.#directory, id), { force: true })
  }
}

const EMPTY = { signalledAt: null, ended: null }

function notesDirectory(data: string): string {
  return join(data, 'docker', 'instances')
}

/** Whether an instance of that id is on any host. */
export function isNoted(data: string, id: InstanceId): boolean {
  return existsSync(join(notesDirectory(data), id))
}
