/**
 * Review apps, and how a pipeline wants them made. What is wished of one and how far that has come stand side by side, so
 * that a control plane that starts again goes on with it.
 */
export const REVIEW_APPS = `
CREATE TABLE reviewAppConfigs (
  pipelineId TEXT PRIMARY KEY REFERENCES pipelines ON DELETE CASCADE, automatic INTEGER NOT NULL,
  destroyStale INTEGER NOT NULL, staleDays INTEGER NOT NULL, waitForTests INTEGER NOT NULL, baseName TEXT,
  mostApps INTEGER NOT NULL, mostAwake INTEGER, mostAwakeBytes INTEGER, idleMs INTEGER,
  createdAt INTEGER NOT NULL, updatedAt INTEGER NOT NULL
) STRICT;

CREATE TABLE reviewApps (
  id TEXT PRIMARY KEY, pipelineId TEXT NOT NULL REFERENCES pipelines ON DELETE CASCADE, key TEXT NOT NULL,
  branch TEXT NOT NULL, prNumber INTEGER, prUrl TEXT, fork INTEGER NOT NULL, creator TEXT NOT NULL,
  user TEXT NOT NULL, sealed BLOB NOT NULL, "commit" TEXT, sourceUrl TEXT, wish INTEGER NOT NULL, gone TEXT,
  status TEXT NOT NULL, appId TEXT REFERENCES apps ON DELETE SET NULL, appName TEXT, setupId TEXT,
  tried INTEGER NOT NULL, buildId TEXT, releaseId TEXT, served TEXT, message TEXT, runId TEXT,
  predestroyBegun INTEGER NOT NULL, deployedAt INTEGER, createdAt INTEGER NOT NULL, updatedAt INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX reviewAppsWanted ON reviewApps (pipelineId, key) WHERE gone IS NULL AND status <> 'deleted';
CREATE INDEX reviewAppsOfPipeline ON reviewApps (pipelineId, createdAt);
CREATE INDEX reviewAppsOfApp ON reviewApps (appId)
`
