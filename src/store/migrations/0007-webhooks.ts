/** When something changes, as UTC ms. */
const NOW = "CAST(unixepoch('subsec') * 1000 AS INTEGER)"

interface Watched {
  readonly table: string
  readonly on: 'INSERT' | 'DELETE' | `UPDATE OF ${string}`
  readonly entity: string
  /** SQL of a text. */
  readonly action: string
  /** Columns that are kept as they are at that moment. */
  readonly columns: readonly string[]
  /** More of the kind, as `'key', value` in SQL. */
  readonly more?: string
  /** Columns of which the earlier value is kept too. */
  readonly previous?: readonly string[]
  readonly when?: string
  readonly app?: string
}

/**
 * The changes that webhooks tell of are noted by the database itself, in the transaction that makes them, for apps that
 * have webhooks: none is told that did not happen, none that happened is forgotten, and nothing else has to know.
 */
function noted(name: string, { table, on, entity, action, columns, ...rest }: Watched): string {
  const row = on === 'DELETE' ? 'OLD' : 'NEW'
  const app = rest.app ?? `${row}.appId`
  const object = (from: string, keys: readonly string[], more?: string) =>
    `json_object(${[...keys.map((key) => `'${key}', ${from}."${key}"`), ...(more ? [more] : [])].join(', ')})`
  const when = [`EXISTS (SELECT 1 FROM webhooks WHERE appId = ${app})`, ...(rest.when ? [rest.when] : [])]
  return `CREATE TRIGGER ${name} AFTER ${on} ON ${table} WHEN ${when.join(' AND ')} BEGIN
  INSERT INTO webhookChanges (appId, appName, entity, action, data, previous, at) VALUES (
    ${app}, (SELECT name FROM apps WHERE id = ${app}), '${entity}', ${action}, ${object(row, columns, rest.more)},
    ${rest.previous ? object('OLD', rest.previous) : "'{}'"}, ${NOW}
  );
END;`
}

const CREATE = "'create'"
const UPDATE = "'update'"
const DESTROY = "'destroy'"

const BUILD = ['id', 'status', 'artifact', 'releaseId', 'sourceVersion', 'user', 'createdAt', 'updatedAt']
const RELEASE = [
  'id',
  'version',
  'artifact',
  'commit',
  'description',
  'status',
  'user',
  'createdAt',
  'updatedAt',
]
const DOMAIN = ['id', 'hostname', 'kind', 'createdAt']
const FORMATION = ['type', 'quantity', 'size']
const COLLABORATOR = ['id', 'userId', 'createdAt']
const APP = ['id', 'name', 'owner', 'maintenance', 'createdAt', 'updatedAt', 'releasedAt', 'destroyedAt']
const RUN = ['id', 'name', 'instance', 'command', 'size', 'release', 'exitCode', 'createdAt']
const INSTANCE = ['instance', 'name', 'release', 'at']

const RUN_STATE = "'state', CASE NEW.state WHEN 'waiting' THEN 'starting' WHEN 'up' THEN 'up' ELSE 'down' END"
const ENDED = `'state', CASE WHEN EXISTS (
  SELECT 1 FROM journal WHERE appId = NEW.appId AND instance = NEW.instance AND kind IN ('terminate', 'kill')
) THEN 'down' ELSE 'crashed' END`
const DONE = (kind: string) => `NEW.kind = '${kind}' AND NEW.state = 'done' AND OLD.state <> 'done'`
const SEEN = (kind: string) => `NEW.kind = '${kind}' AND NEW.state = 'seen'`

const WATCHED: Readonly<Record<string, Watched>> = {
  appChanged: {
    ...{ table: 'apps', on: 'UPDATE OF name, maintenance, owner', entity: 'api:app', action: UPDATE },
    ...{ columns: APP, previous: ['name', 'maintenance', 'owner'], app: 'NEW.id' },
    when: '(NEW.name <> OLD.name OR NEW.maintenance <> OLD.maintenance OR NEW.owner <> OLD.owner)',
  },
  appDestroyed: {
    ...{ table: 'apps', on: 'UPDATE OF destroyedAt', entity: 'api:app', action: DESTROY, columns: APP },
    ...{ app: 'NEW.id', when: 'OLD.destroyedAt IS NULL AND NEW.destroyedAt IS NOT NULL' },
  },
  buildMade: { table: 'builds', on: 'INSERT', entity: 'api:build', action: CREATE, columns: BUILD },
  buildChanged: {
    ...{ table: 'builds', on: 'UPDATE OF status', entity: 'api:build', action: UPDATE, columns: BUILD },
    ...{ previous: ['status'], when: 'NEW.status <> OLD.status' },
  },
  releaseMade: { table: 'releases', on: 'INSERT', entity: 'api:release', action: CREATE, columns: RELEASE },
  releaseChanged: {
    ...{ table: 'releases', on: 'UPDATE OF status', entity: 'api:release', action: UPDATE, columns: RELEASE },
    ...{ previous: ['status'], when: 'NEW.status <> OLD.status' },
  },
  formationMade: {
    ...{ table: 'formation', on: 'INSERT', entity: 'api:formation', action: UPDATE, columns: FORMATION },
  },
  formationChanged: {
    ...{ table: 'formation', on: 'UPDATE OF quantity, size', entity: 'api:formation', action: UPDATE },
    ...{ columns: FORMATION, previous: ['quantity', 'size'] },
    when: '(NEW.quantity <> OLD.quantity OR NEW.size <> OLD.size)',
  },
  domainMade: { table: 'domains', on: 'INSERT', entity: 'api:domain', action: CREATE, columns: DOMAIN },
  domainGone: { table: 'domains', on: 'DELETE', entity: 'api:domain', action: DESTROY, columns: DOMAIN },
  collaboratorMade: {
    ...{ table: 'collaborators', on: 'INSERT', entity: 'api:collaborator', action: CREATE },
    columns: COLLABORATOR,
  },
  collaboratorGone: {
    ...{ table: 'collaborators', on: 'DELETE', entity: 'api:collaborator', action: DESTROY },
    columns: COLLABORATOR,
  },
  runMade: {
    ...{ table: 'runs', on: 'INSERT', entity: 'dyno', action: CREATE, columns: RUN, more: RUN_STATE },
  },
  runChanged: {
    ...{ table: 'runs', on: 'UPDATE OF state', entity: 'dyno', columns: RUN, more: RUN_STATE },
    ...{ action: "CASE NEW.state WHEN 'ended' THEN 'destroy' ELSE 'update' END" },
    when: 'NEW.state <> OLD.state',
  },
  instanceStarted: {
    ...{ table: 'journal', on: 'UPDATE OF state', entity: 'dyno', action: CREATE, columns: INSTANCE },
    ...{ more: "'state', 'starting'", when: DONE('start') },
  },
  instancePassing: {
    ...{ table: 'journal', on: 'INSERT', entity: 'dyno', action: UPDATE, columns: INSTANCE },
    ...{ more: "'state', 'up'", when: SEEN('passing') },
  },
  instanceExited: {
    ...{ table: 'journal', on: 'INSERT', entity: 'dyno', action: UPDATE, columns: INSTANCE },
    ...{ more: ENDED, when: SEEN('exited') },
  },
  instanceRemoved: {
    ...{ table: 'journal', on: 'UPDATE OF state', entity: 'dyno', action: DESTROY, columns: INSTANCE },
    ...{ more: "'state', 'down'", when: DONE('remove') },
  },
}

/** Webhooks, and the outbox out of which they are delivered. They outlive their app until it has told of its end. */
export const WEBHOOKS = `
CREATE TABLE webhooks (
  id TEXT PRIMARY KEY, appId TEXT NOT NULL, include TEXT NOT NULL, level TEXT NOT NULL, url TEXT NOT NULL,
  sealed BLOB NOT NULL, createdAt INTEGER NOT NULL, updatedAt INTEGER NOT NULL
) STRICT;
CREATE INDEX webhooksApp ON webhooks (appId);

CREATE TABLE webhookChanges (
  id INTEGER PRIMARY KEY AUTOINCREMENT, appId TEXT NOT NULL, appName TEXT, entity TEXT NOT NULL,
  action TEXT NOT NULL, data TEXT NOT NULL, previous TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;

CREATE TABLE webhookEvents (
  id TEXT PRIMARY KEY, appId TEXT NOT NULL, include TEXT NOT NULL, payload TEXT NOT NULL, createdAt INTEGER NOT NULL
) STRICT;
CREATE INDEX webhookEventsApp ON webhookEvents (appId, createdAt);

CREATE TABLE webhookDeliveries (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
  webhookId TEXT NOT NULL REFERENCES webhooks ON DELETE CASCADE,
  eventId TEXT NOT NULL REFERENCES webhookEvents ON DELETE CASCADE,
  status TEXT NOT NULL, attempts INTEGER NOT NULL, nextAt INTEGER,
  attemptId TEXT, attemptAt INTEGER, code INTEGER, error TEXT,
  createdAt INTEGER NOT NULL, updatedAt INTEGER NOT NULL
) STRICT;
CREATE INDEX webhookDeliveriesOpen ON webhookDeliveries (webhookId, number) WHERE nextAt IS NOT NULL;
CREATE INDEX webhookDeliveriesOf ON webhookDeliveries (webhookId, number);
CREATE INDEX webhookDeliveriesEvent ON webhookDeliveries (eventId);

${Object.entries(WATCHED)
  .map(([name, watched]) => noted(name, watched))
  .join('\n')}
`
