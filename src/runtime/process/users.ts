import { statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { TasukiError } from '../../domain/errors.ts'
import { readIfThere, writeDurably } from './files.ts'

export interface UserRange {
  readonly first: number
  readonly count: number
}

/** Below the users that builds run as. */
const DEFAULT_USERS: UserRange = { first: 20000, count: 30000 }

/** Gives each app a user id of its own and remembers it: files that an app left stay its own. */
export class AppUsers {
  readonly #path: string
  readonly #range: UserRange
  readonly #given: Map<string, number>

  /** Throws TasukiError `setup_missing` when instances could not run under another user here. */
  constructor(data: string, range: UserRange = DEFAULT_USERS) {
    checkReachable(data)
    this.#path = join(data, 'users.json')
    this.#range = range
    this.#given = new Map(
      Object.entries(JSON.parse(readIfThere(this.#path) ?? '{}') as Record<string, number>),
    )
  }

  of(appId: string): number {
    const known = this.#given.get(appId)
    if (known !== undefined) return known
    const uid = this.#unused()
    this.#given.set(appId, uid)
    writeDurably(this.#path, JSON.stringify(Object.fromEntries(this.#given)))
    return uid
  }

  /** The next above all given ones, so that a user id comes again as late as possible. */
  #unused(): number {
    const used = new Set(this.#given.values())
    const { first, count } = this.#range
    const start = Math.max(first - 1, ...used) + 1
    for (let step = 0; step < count; step += 1) {
      const uid = first + ((start - first + step) % count)
      if (!used.has(uid)) return uid
    }
    throw new TasukiError('internal', `All ${count} user ids for apps are given.`)
  }
}

/** An instance reaches its files by their full path, under its own user. Throws TasukiError `setup_missing` when it could not. */
export function checkReachable(path: string): void {
  const closed = closedAncestor(path)
  if (closed === null) return
  throw new TasukiError(
    'setup_missing',
    `${closed} is closed to other users, so apps could not reach ${path}.`,
    {
      next: 'Use a --data directory that all users may pass through, such as /var/lib/tasuki.',
    },
  )
}

/** The first directory on the way to a path that others may not pass through; null when all is open. */
function closedAncestor(path: string): string | null {
  const parent = dirname(path)
  const above = parent === path ? null : closedAncestor(parent)
  if (above !== null) return above
  return (statSync(path).mode & 0o001) === 0 ? path : null
}
