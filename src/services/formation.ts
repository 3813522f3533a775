import type { Artifact } from '../domain/artifact.ts'
import { TasukiError } from '../domain/errors.ts'
import { processType } from '../domain/names.ts'
import { type FormationEntry, RELEASE_TYPE, ROUTABLE_TYPE } from '../domain/release.ts'
import { DEFAULT_SIZE, sizeOf } from '../domain/size.ts'
import type { App } from '../store/apps.ts'
import type { Tables } from '../store/tables.ts'
import { announce } from './announce.ts'
import type { ServiceDeps } from './context.ts'
import { liveApp } from './live-app.ts'
import { intendedRelease } from './rollouts.ts'

/** A wish for one process type; what is left out stays. `quantity`: 2, `"2"`, `"+1"` or `"-1"`. */
export interface Scaling {
  readonly type: string
  readonly quantity?: number | string
  readonly size?: string
}

/** A formation entry with what its instances would run; null before the first build. */
export interface FormationView extends FormationEntry {
  readonly command: string | null
}

/** How many of each process type. Never makes a release. An app that sleeps wakes up with it. */
export class FormationService {
  readonly #deps: ServiceDeps

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  /** Every process type of the app, those that nobody scaled with 0. */
  get(app: App): Promise<FormationView[]> {
    return formationOf(this.#deps.store.tables, app)
  }

  /** All of the wishes or none. Throws `invalid_params`. Returns the whole formation. */
  async scale(app: App, wishes: readonly Scaling[], user: string): Promise<FormationView[]> {
    const most = this.#deps.settings.mostInstances
    const result = await this.#deps.store.transaction((tables) =>
      scaleAll(tables, app.id, wishes, most, user),
    )
    announce(this.#deps, app.id, `${scaledText(result)} by ${user}`)
    this.#deps.engine.poke(app.id)
    return result
  }
}

async function scaleAll(
  tables: Tables,
  appId: string,
  wishes: readonly Scaling[],
  most: number,
  user: string,
): Promise<FormationView[]> {
  const app = await liveApp(tables, appId)
  let formation = await formationOf(tables, app)
  for (const wish of wishes) {
    await tables.formation.set(appId, scaled(formation, wish, most))
    formation = await formationOf(tables, app)
  }
  const text = scaledText(formation)
  const at = Date.now()
  await tables.sleepers.wake(appId, at)
  await tables.events.add({ appId, appName: app.name, at, user, kind: 'scale', text })
  return formation
}

function scaledText(formation: readonly FormationView[]): string {
  return `Scaled to ${formation.map((one) => `${one.type}@${one.quantity}:${one.size}`).join(' ')}`
}

/** Every process type of the app with what was asked for it. */
export async function formationOf(tables: Tables, app: App): Promise<FormationView[]> {
  const release = await intendedRelease(tables, app.id)
  const commands = release?.artifact ? (await tables.artifacts.get(release.artifact)).processTypes : {}
  const entries = await tables.formation.get(app.id)
  const known = new Set([
    ...Object.keys(commands),
    ...(release?.artifact ? [] : entries.map((one) => one.type)),
  ])
  return [...known].sort(webFirst).map((type) => ({
    ...(entries.find((one) => one.type === type) ?? { type, quantity: 0, size: DEFAULT_SIZE }),
    command: commands[type] ?? null,
  }))
}

function webFirst(a: string, b: string): number {
  if (a === ROUTABLE_TYPE || b === ROUTABLE_TYPE) return a === ROUTABLE_TYPE ? -1 : 1
  return a < b ? -1 : 1
}

function scaled(formation: readonly FormationView[], wish: Scaling, most: number): FormationEntry {
  const type = processType(wish.type)
  const present = formation.find((one) => one.type === type)
  if (!present && formation.some((one) => one.command !== null)) throw unknownType(type, formation)
  return {
    type,
    quantity: quantityOf(wish, present?.quantity ?? 0, most),
    size: wish.size === undefined ? (present?.size ?? DEFAULT_SIZE) : sizeOf(wish.size).name,
  }
}

function unknownType(type: string, formation: readonly FormationView[]): TasukiError {
  return new TasukiError('invalid_params', `There is no process type "${type}".`, {
    next: `The Procfile has ${formation.map((one) => one.type).join(', ')}.`,
  })
}

function quantityOf({ type, quantity }: Scaling, present: number, most: number): number {
  if (quantity === undefined) return present
  const wanted = asNumber(quantity, present)
  if (wanted === null || wanted < 0 || wanted > most)
    throw new TasukiError(
      'invalid_params',
      `"${String(quantity).slice(0, 20)}" is no quantity for ${type}.`,
      {
        next: `Use 0 to ${most}, or a step such as +1 or -1.`,
      },
    )
  if (type === RELEASE_TYPE && wanted > 0)
    throw new TasukiError(
      'invalid_params',
      'The release process type runs once per release and can not be scaled.',
    )
  return wanted
}

function asNumber(quantity: number | string, present: number): number | null {
  if (typeof quantity === 'number') return Number.isInteger(quantity) ? quantity : null
  const parts = /^([+-]?)(\d{1,6})$/.exec(quantity.trim())
  if (!parts) return null
  const amount = Number(parts[2])
  if (parts[1] === '') return amount
  return parts[1] === '+' ? present + amount : present - amount
}

/**
 * What a deploy adds to the formation, inside the caller's transaction: app.json's formation with the first artifact,
 * and one web instance when nobody has said how many. What somebody scaled stays.
 */
export async function fillFormation(
  tables: Tables,
  appId: string,
  artifact: Artifact,
  first: boolean,
): Promise<void> {
  const present = new Set((await tables.formation.get(appId)).map((one) => one.type))
  for (const type of Object.keys(artifact.processTypes)) {
    const said = artifact.manifest.formation[type]
    if (present.has(type) || (type !== ROUTABLE_TYPE && !(first && said))) continue
    const quantity = type === RELEASE_TYPE ? 0 : (said?.quantity ?? 1)
    await tables.formation.set(appId, { type, quantity, size: sizeOf(said?.size ?? DEFAULT_SIZE).name })
  }
}
