import type { Tables } from '../store/tables.ts'
import { formationOf } from './formation.ts'

/** An instance that crashed and has nobody in its place yet. */
export interface Held {
  readonly appId: string
  readonly instance: string
  readonly name: string
  readonly release: number | null
  readonly host: string | null
  readonly reason: string
}

/** What a place in the formation is known by: `APP web.1`. */
export function crashedNames({ appId, name }: Pick<Held, 'appId' | 'name'>): string {
  return `${appId} ${name}`
}

/** Those whose place nobody has taken (`there`: the places that somebody has) and that the formation still wants. */
export async function stillMissing(
  tables: Tables,
  crashed: readonly Held[],
  there: ReadonlySet<string>,
): Promise<Held[]> {
  const empty = crashed.filter((one) => !there.has(crashedNames(one)))
  const wanted = new Map<string, ReadonlySet<string>>()
  for (const appId of new Set(empty.map((one) => one.appId))) wanted.set(appId, await placesOf(tables, appId))
  return empty.filter(({ appId, name }) => wanted.get(appId)!.has(name))
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
