import { type Condition, exitInWords } from '../domain/health.ts'
import type { RuntimeInstance } from '../domain/instance.ts'
import { RELEASE_TYPE } from '../domain/release.ts'
import type { JournalEntry } from '../domain/rollout.ts'
import type { Tables } from '../store/tables.ts'
import { formationOf } from './formation.ts'

/** An instance that ended without having been told to. */
export interface Crash {
  readonly appId: string
  readonly instance: string
  readonly name: string
  readonly release: number | null
  readonly host: string | null
  readonly reason: string
  /** UTC ms. */
  readonly at: number
}

/** A place in the formation: `APP web.1`. */
export function placeOf({ appId, name }: { readonly appId: string; readonly name: string }): string {
  return `${appId} ${name}`
}

/**
 * The crashes that are not over: one is told of at least once, and then until somebody serves in its place, or nobody is wanted
 * there any more. They come from what runtimes list and, since the engine may bury an instance before anybody else could look at
 * it, from the journal.
 */
export class Crashes {
  readonly #open = new Map<string, Crash>()
  readonly #fresh = new Set<string>()
  /** Told of and over; some of them are still listed. */
  readonly #over = new Set<string>()
  /** Instances that were told to end. */
  readonly #told = new Set<string>()

  /** From the journal: an instance is told to end, or has been seen to have ended. */
  heard({ appId, instance, name, release, kind, note, at }: JournalEntry, host: string | null): void {
    if (instance === null || name === null || name.startsWith(`${RELEASE_TYPE}.`)) return
    if (kind === 'terminate' || kind === 'kill') this.#told.add(instance)
    if (kind === 'exited' && !this.#told.delete(instance))
      this.#add({ appId, instance, name, release, host, reason: endIn(note), at })
  }

  /** From a list: one that has crashed. What crashed before `since` is no news. */
  seen(instance: RuntimeInstance, { reason }: Condition, since: number): void {
    const { appId, id, name, release, host, exit } = instance
    const at = exit?.at ?? since
    this.#add({ appId, instance: id, name, release, host, reason, at: Math.max(at, since) })
    if (at < since) this.#fresh.delete(id)
  }

  /** Those to be told of now. `served`: the places in which somebody serves. */
  async present(tables: Tables, served: ReadonlySet<string>): Promise<Crash[]> {
    const wanted = new Map<string, ReadonlySet<string>>()
    for (const { appId } of this.#open.values())
      if (!wanted.has(appId)) wanted.set(appId, await placesOf(tables, appId))
    const present: Crash[] = []
    for (const [id, crash] of this.#open) {
      const missed = wanted.get(crash.appId)!.has(crash.name) && !served.has(placeOf(crash))
      if (this.#fresh.delete(id) || missed) present.push(crash)
      else {
        this.#open.delete(id)
        this.#over.add(id)
      }
    }
    return present
  }

  /** Forgets what is not even listed any more. */
  prune(listed: ReadonlySet<string>): void {
    for (const known of [this.#told, this.#over])
      for (const id of known) if (!listed.has(id)) known.delete(id)
  }

  #add(crash: Crash): void {
    if (this.#open.has(crash.instance) || this.#over.has(crash.instance)) return
    this.#open.set(crash.instance, crash)
    this.#fresh.add(crash.instance)
  }
}

/** How an instance ended, from the journal's note of its exit. */
function endIn(note: string): string {
  const status = /with status (\d+)/.exec(note)?.[1]
  const code = status === undefined ? null : Number(status)
  return exitInWords({ code, cause: note.includes('memory') ? 'memory' : 'exit' })
}

/** `web.1`, `web.2` …: all that the app is to run now. */
async function placesOf(tables: Tables, appId: string): Promise<ReadonlySet<string>> {
  const app = await tables.apps.byId(appId)
  const asleep = (await tables.sleepers.of(appId))?.state === 'asleep'
  if (!app || app.destroyedAt !== null || asleep) return new Set()
  const formation = await formationOf(tables, app)
  return new Set(
    formation.flatMap(({ type, quantity }) =>
      Array.from({ length: quantity }, (_, index) => `${type}.${index + 1}`),
    ),
  )
}
