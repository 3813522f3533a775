/** Apps that are made of a source in one go, so that a control plane that starts again goes on with them. */
export const APP_SETUPS = `
CREATE TABLE appSetups (
  id TEXT PRIMARY KEY, appId TEXT NOT NULL REFERENCES apps ON DELETE CASCADE, appName TEXT NOT NULL,
  status TEXT NOT NULL, sourceUrl TEXT NOT NULL, sourceVersion TEXT, buildId TEXT, runId TEXT,
  postdeployBegun INTEGER NOT NULL DEFAULT 0, postdeploy TEXT, problems TEXT NOT NULL, failure TEXT,
  successUrl TEXT, user TEXT NOT NULL, createdAt INTEGER NOT NULL, updatedAt INTEGER NOT NULL
) STRICT;
CREATE INDEX appSetupsPending ON appSetups (createdAt) WHERE status = 'pending'
`
