export const INITIAL = `
CREATE TABLE apps (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, owner TEXT NOT NULL, maintenance INTEGER NOT NULL DEFAULT 0,
  generation INTEGER NOT NULL DEFAULT 0, servingGeneration INTEGER, servingRelease INTEGER,
  createdAt INTEGER NOT NULL, updatedAt INTEGER NOT NULL, releasedAt INTEGER, destroyedAt INTEGER
) STRICT;
CREATE UNIQUE INDEX appsName ON apps (name) WHERE destroyedAt IS NULL;

CREATE TABLE config (
  appId TEXT PRIMARY KEY REFERENCES apps ON DELETE CASCADE, sealed BLOB NOT NULL
) STRICT;

CREATE TABLE formation (
  appId TEXT NOT NULL REFERENCES apps ON DELETE CASCADE, type TEXT NOT NULL,
  quantity INTEGER NOT NULL, size TEXT NOT NULL, PRIMARY KEY (appId, type)
) STRICT, WITHOUT ROWID;

CREATE TABLE features (
  appId TEXT NOT NULL REFERENCES apps ON DELETE CASCADE, name TEXT NOT NULL,
  enabled INTEGER NOT NULL, updatedAt INTEGER NOT NULL, PRIMARY KEY (appId, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE domains (
  hostname TEXT PRIMARY KEY, appId TEXT NOT NULL REFERENCES apps ON DELETE CASCADE,
  kind TEXT NOT NULL, createdAt INTEGER NOT NULL
) STRICT;
CREATE INDEX domainsApp ON domains (appId);

CREATE TABLE artifacts (
  digest TEXT PRIMARY KEY, kind TEXT NOT NULL, size INTEGER NOT NULL, "commit" TEXT, builder TEXT NOT NULL,
  processTypes TEXT NOT NULL, manifest TEXT NOT NULL, env TEXT NOT NULL,
  createdAt INTEGER NOT NULL, collectedAt INTEGER
) STRICT;

CREATE TABLE releases (
  id TEXT PRIMARY KEY, appId TEXT NOT NULL REFERENCES apps ON DELETE CASCADE, version INTEGER NOT NULL,
  artifact TEXT REFERENCES artifacts, "commit" TEXT, description TEXT NOT NULL, status TEXT NOT NULL,
  user TEXT NOT NULL, config BLOB NOT NULL, configDigest TEXT NOT NULL,
  createdAt INTEGER NOT NULL, updatedAt INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX releasesVersion ON releases (appId, version);

CREATE TABLE rollouts (
  id TEXT PRIMARY KEY, appId TEXT NOT NULL REFERENCES apps ON DELETE CASCADE, generation INTEGER NOT NULL,
  kind TEXT NOT NULL, release INTEGER NOT NULL, baseGeneration INTEGER, baseRelease INTEGER,
  strategy TEXT NOT NULL, direction TEXT NOT NULL, reason TEXT, backOutcome TEXT,
  releasePhaseDone INTEGER NOT NULL, switched INTEGER NOT NULL, outcome TEXT,
  startedAt INTEGER NOT NULL, finishedAt INTEGER, receipt TEXT
) STRICT;
CREATE UNIQUE INDEX rolloutsGeneration ON rollouts (appId, generation);
CREATE UNIQUE INDEX rolloutsRunning ON rollouts (appId) WHERE outcome IS NULL;
CREATE INDEX rolloutsUnfinished ON rollouts (appId) WHERE finishedAt IS NULL;

CREATE TABLE journal (
  id INTEGER PRIMARY KEY AUTOINCREMENT, appId TEXT NOT NULL REFERENCES apps ON DELETE CASCADE,
  rollout TEXT, generation INTEGER NOT NULL, kind TEXT NOT NULL, instance TEXT, name TEXT, release INTEGER,
  note TEXT NOT NULL, state TEXT NOT NULL, error TEXT, at INTEGER NOT NULL, endedAt INTEGER
) STRICT;
CREATE INDEX journalRollout ON journal (rollout);
CREATE INDEX journalApp ON journal (appId);

CREATE TABLE condemned (
  appId TEXT NOT NULL REFERENCES apps ON DELETE CASCADE, instance TEXT NOT NULL, PRIMARY KEY (appId, instance)
) STRICT, WITHOUT ROWID;

CREATE TABLE sources (id TEXT PRIMARY KEY, createdAt INTEGER NOT NULL, size INTEGER) STRICT;

CREATE TABLE builds (
  id TEXT PRIMARY KEY, appId TEXT NOT NULL REFERENCES apps ON DELETE CASCADE, status TEXT NOT NULL,
  sourceUrl TEXT NOT NULL, sourceVersion TEXT, artifact TEXT, releaseId TEXT, rolloutId TEXT, error TEXT,
  user TEXT NOT NULL, createdAt INTEGER NOT NULL, updatedAt INTEGER NOT NULL
) STRICT;
CREATE INDEX buildsApp ON builds (appId, createdAt);
CREATE INDEX buildsPending ON builds (createdAt) WHERE status = 'pending';

CREATE TABLE runs (
  id TEXT PRIMARY KEY, appId TEXT NOT NULL REFERENCES apps ON DELETE CASCADE, name TEXT NOT NULL,
  instance TEXT NOT NULL, command TEXT NOT NULL, size TEXT NOT NULL, release INTEGER NOT NULL,
  options BLOB NOT NULL, state TEXT NOT NULL, exitCode INTEGER, user TEXT NOT NULL,
  createdAt INTEGER NOT NULL, endedAt INTEGER
) STRICT;
CREATE INDEX runsApp ON runs (appId, createdAt);

CREATE TABLE tokens (
  id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, user TEXT NOT NULL, description TEXT NOT NULL,
  createdAt INTEGER NOT NULL
) STRICT;

CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT, appId TEXT, appName TEXT, at INTEGER NOT NULL,
  user TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL
) STRICT;
CREATE INDEX eventsApp ON events (appId)
`
