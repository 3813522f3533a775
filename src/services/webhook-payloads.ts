import { RELEASE_TYPE } from '../domain/release.ts'
import { slugIdOf } from '../domain/slug-id.ts'
import type { Change } from '../store/outbox.ts'
import type { Tables } from '../store/tables.ts'
import { stableId } from './stable-id.ts'

/** What receivers are told of a change, in the words of the Platform API. */
export interface Payload {
  readonly action: string
  readonly actor: { readonly id: string; readonly email: string }
  readonly data: Readonly<Record<string, unknown>>
  readonly previous_data: Readonly<Record<string, unknown>>
  readonly resource: string
  readonly version: string
}

type Row = Change['data']

interface NamedApp {
  readonly id: string
  readonly name: string
}

/** What a change looks like depends on more than its row: the app, and the server's own domain. */
interface Setting {
  readonly tables: Tables
  /** As it was called then; it may be gone. */
  readonly app: NamedApp
  readonly domain: string
}

const VERSION = 'application/vnd.heroku+json; version=3'

/** Kinds of the record of who did what, by the entity that they concern. */
const RECORDED: Readonly<Record<string, readonly string[]>> = {
  'api:app': ['rename', 'maintenance', 'destroy', 'transfer'],
  'api:domain': ['domain', 'rename', 'destroy'],
  'api:formation': ['scale'],
  'api:collaborator': ['access', 'destroy'],
}
/** How far the record of who asked for a change can be from the change, in ms. */
const RECORD_MS = 10_000
const RECORDS = 20

const DATA: Readonly<Record<string, (setting: Setting, row: Row) => Promise<Row> | Row>> = {
  'api:app': appData,
  'api:build': buildData,
  'api:collaborator': collaboratorData,
  'api:domain': domainData,
  'api:formation': formationData,
  'api:release': releaseData,
  'api:dyno': dynoData,
  dyno: dynoData,
}

/** The payload of a change of that app. `entity`: what is told of. */
export async function payloadOf(setting: Setting, entity: string, change: Change): Promise<Payload> {
  return {
    action: change.action,
    actor: await actorOf(setting, change),
    data: await DATA[entity]!(setting, change.data),
    previous_data: await previousOf(change),
    resource: entity.replace(/^api:/, ''),
    version: VERSION,
  }
}

/** Who did it: who ran a command, and for what happens to the formation's instances the platform itself. */
async function actorOf(
  { tables, app, domain }: Setting,
  { entity, data, at }: Change,
): Promise<Payload['actor']> {
  if (typeof data.user === 'string') return userOf(data.user)
  if (entity === 'dyno' && typeof data.id === 'string')
    return userOf((await tables.runs.get(data.id))?.user ?? `platform@${domain}`)
  const kinds = RECORDED[entity]
  if (kinds === undefined) return userOf(`platform@${domain}`)
  const records = await tables.events.list(app.id, RECORDS)
  const [record] = records
    .filter((one) => kinds.includes(one.kind) && Math.abs(one.at - at) < RECORD_MS)
    .toSorted((one, other) => Math.abs(one.at - at) - Math.abs(other.at - at))
  return userOf(record?.user ?? `platform@${domain}`)
}

async function previousOf({ entity, previous, data }: Change): Promise<Row> {
  if (entity !== 'api:app') return previous
  const changed = Object.entries(previous).filter(([key, value]) => data[key] !== value)
  return Object.fromEntries(
    changed.map(([key, value]) => {
      if (key === 'maintenance') return [key, value === 1]
      return key === 'owner' ? [key, userOf(String(value))] : [key, value]
    }),
  )
}

function appData(_: Setting, row: Row): Row {
  return {
    id: row.id,
    name: row.name,
    owner: userOf(String(row.owner)),
    maintenance: row.maintenance === 1,
    region: named('region', 'us'),
    stack: named('stack', 'tasuki-1'),
    build_stack: named('stack', 'tasuki-1'),
    created_at: timeOf(row.createdAt),
    updated_at: timeOf(row.updatedAt),
    released_at: timeOf(row.releasedAt),
    archived_at: timeOf(row.destroyedAt),
  }
}

/** Without the address of the source, which holds a secret. */
function buildData({ app }: Setting, row: Row): Row {
  return {
    id: row.id,
    app: ref(app),
    status: row.status,
    slug: slugOf(row),
    release: row.releaseId === null ? null : { id: row.releaseId },
    source_blob: { version: row.sourceVersion },
    user: userOf(String(row.user)),
    created_at: timeOf(row.createdAt),
    updated_at: timeOf(row.updatedAt),
  }
}

function releaseData({ app }: Setting, row: Row): Row {
  return {
    id: row.id,
    app: ref(app),
    version: row.version,
    description: row.description,
    status: row.status,
    current: row.status === 'succeeded',
    commit: row.commit,
    slug: slugOf(row),
    addon_plan_names: [],
    user: userOf(String(row.user)),
    created_at: timeOf(row.createdAt),
    updated_at: timeOf(row.updatedAt),
  }
}

function formationData({ app }: Setting, row: Row): Row {
  const { type, quantity, size } = row
  return { id: stableId('formation', app.id, String(type)), app: ref(app), type, quantity, size }
}

function domainData({ app, domain }: Setting, row: Row): Row {
  const own = row.kind === 'app'
  return {
    id: row.id,
    app: ref(app),
    hostname: row.hostname,
    kind: own ? 'heroku' : 'custom',
    cname: own ? null : `${app.name}.${domain}`,
    created_at: timeOf(row.createdAt),
    updated_at: timeOf(row.createdAt),
  }
}

async function collaboratorData({ app, tables }: Setting, row: Row): Promise<Row> {
  const user = await tables.users.byId(String(row.userId))
  return {
    id: row.id,
    app: ref(app),
    user: { id: row.userId, email: user?.email ?? null },
    created_at: timeOf(row.createdAt),
    updated_at: timeOf(row.createdAt),
  }
}

async function dynoData({ app, tables }: Setting, row: Row): Promise<Row> {
  const name = String(row.name)
  const type = name.replace(/\.\d+$/, '')
  const release = row.release === null ? null : await tables.releases.byVersion(app.id, Number(row.release))
  const artifact = release?.artifact ? await tables.artifacts.get(release.artifact) : null
  const size = row.size ?? (await tables.formation.get(app.id)).find((one) => one.type === type)?.size
  return {
    id: row.id ?? row.instance,
    app: ref(app),
    name,
    type,
    size: size ?? null,
    // That of a release phase is meant to end by itself.
    state: type === RELEASE_TYPE && row.state === 'crashed' ? 'down' : row.state,
    command: row.command ?? artifact?.processTypes[type] ?? null,
    release: release ? { id: release.id, version: release.version } : null,
    management: `${row.id === undefined ? 'formation' : 'run'}:${type}`,
    exit_status: row.exitCode ?? null,
    created_at: timeOf(row.createdAt ?? row.at),
  }
}

function slugOf({ artifact }: Row): Row | null {
  return typeof artifact === 'string' ? { id: slugIdOf(artifact) } : null
}

function ref({ id, name }: NamedApp): Row {
  return { id, name }
}

function named(kind: string, name: string): Row {
  return { id: stableId(kind, name), name }
}

function userOf(email: string): Payload['actor'] {
  return { id: stableId('user', email), email }
}

function timeOf(ms: unknown): string | null {
  return typeof ms === 'number' ? new Date(ms).toISOString() : null
}
