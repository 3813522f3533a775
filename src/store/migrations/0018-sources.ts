/**
 * Where a pipeline's commits come from, what has happened there, and what is to be reported back. An event is written down
 * before anybody acts on it; `expects` names the ref that must have moved for it to be true.
 */
export const SOURCES = `
CREATE TABLE pipelineRepositories (
  pipelineId TEXT PRIMARY KEY REFERENCES pipelines ON DELETE CASCADE, kind TEXT NOT NULL,
  fullName TEXT NOT NULL, remoteId TEXT, sealed BLOB NOT NULL, user TEXT NOT NULL,
  createdAt INTEGER NOT NULL, updatedAt INTEGER NOT NULL
) STRICT;

CREATE TABLE sourceEvents (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL,
  pipelineId TEXT NOT NULL REFERENCES pipelines ON DELETE CASCADE, digest TEXT NOT NULL, event TEXT NOT NULL,
  state TEXT NOT NULL, expects TEXT, handled TEXT NOT NULL, attempts INTEGER NOT NULL, nextAt INTEGER NOT NULL,
  error TEXT, at INTEGER NOT NULL, UNIQUE (pipelineId, id), UNIQUE (pipelineId, digest)
) STRICT;
CREATE INDEX sourceEventsWaiting ON sourceEvents (pipelineId, number) WHERE state = 'waiting';
CREATE INDEX sourceEventsExpected ON sourceEvents (number) WHERE state = 'expected';

CREATE TABLE sourceBranches (
  pipelineId TEXT NOT NULL REFERENCES pipelines ON DELETE CASCADE, branch TEXT NOT NULL, sha TEXT,
  pushedAt INTEGER NOT NULL, committedAt INTEGER, steps TEXT NOT NULL, PRIMARY KEY (pipelineId, branch)
) STRICT;

CREATE TABLE sourcePulls (
  pipelineId TEXT NOT NULL REFERENCES pipelines ON DELETE CASCADE, number INTEGER NOT NULL, sha TEXT NOT NULL,
  open INTEGER NOT NULL, changedAt INTEGER NOT NULL, PRIMARY KEY (pipelineId, number)
) STRICT;

CREATE TABLE forgeReports (
  number INTEGER PRIMARY KEY AUTOINCREMENT, pipelineId TEXT NOT NULL REFERENCES pipelines ON DELETE CASCADE,
  sha TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL,
  attempts INTEGER NOT NULL, nextAt INTEGER NOT NULL, error TEXT, createdAt INTEGER NOT NULL
) STRICT;
CREATE INDEX forgeReportsWaiting ON forgeReports (pipelineId, number) WHERE state = 'waiting';

CREATE TABLE forgeDeployments (
  pipelineId TEXT NOT NULL REFERENCES pipelines ON DELETE CASCADE, sha TEXT NOT NULL, environment TEXT NOT NULL,
  remoteId TEXT NOT NULL, PRIMARY KEY (pipelineId, sha, environment)
) STRICT
`
