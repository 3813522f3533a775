/** Test runs of pipelines with their nodes and cases, and the config vars that a pipeline has for them and for review apps. */
export const TESTS = `
CREATE TABLE stageConfig (
  pipelineId TEXT NOT NULL REFERENCES pipelines ON DELETE CASCADE, stage TEXT NOT NULL, sealed BLOB NOT NULL,
  PRIMARY KEY (pipelineId, stage)
) STRICT, WITHOUT ROWID;

CREATE TABLE pipelineTests (
  pipelineId TEXT PRIMARY KEY REFERENCES pipelines ON DELETE CASCADE, enabled INTEGER NOT NULL, seconds INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE testRuns (
  id TEXT PRIMARY KEY, pipelineId TEXT NOT NULL REFERENCES pipelines ON DELETE CASCADE, number INTEGER NOT NULL,
  status TEXT NOT NULL, branch TEXT NOT NULL, sha TEXT NOT NULL, commitMessage TEXT NOT NULL, note TEXT, sourceUrl TEXT,
  eventId TEXT, user TEXT NOT NULL, artifact TEXT, attempts INTEGER NOT NULL, testsAt INTEGER, endedAt INTEGER,
  createdAt INTEGER NOT NULL, updatedAt INTEGER NOT NULL,
  UNIQUE (pipelineId, number), UNIQUE (pipelineId, eventId)
) STRICT;
CREATE INDEX testRunsCommit ON testRuns (pipelineId, sha, number);
CREATE INDEX testRunsOpen ON testRuns (createdAt) WHERE endedAt IS NULL;

CREATE TABLE testNodes (
  id TEXT PRIMARY KEY, runId TEXT NOT NULL REFERENCES testRuns ON DELETE CASCADE, position INTEGER NOT NULL,
  status TEXT NOT NULL, exitCode INTEGER, note TEXT, errorStatus TEXT,
  createdAt INTEGER NOT NULL, updatedAt INTEGER NOT NULL,
  UNIQUE (runId, position)
) STRICT;

CREATE TABLE testCases (
  runId TEXT NOT NULL REFERENCES testRuns ON DELETE CASCADE, nodeId TEXT NOT NULL REFERENCES testNodes ON DELETE CASCADE,
  number INTEGER NOT NULL, name TEXT NOT NULL, passed INTEGER NOT NULL, directive TEXT, diagnostic TEXT, ms REAL,
  at INTEGER NOT NULL, PRIMARY KEY (nodeId, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX testCasesRun ON testCases (runId)
`
