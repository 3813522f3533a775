/** Apps that follow a branch of their pipeline's repository, and what became of each push to it. */
export const AUTO_DEPLOYS = `
CREATE TABLE autoDeploys (
  appId TEXT PRIMARY KEY REFERENCES apps ON DELETE CASCADE,
  pipelineId TEXT NOT NULL REFERENCES pipelines ON DELETE CASCADE,
  branch TEXT NOT NULL, waitForTests INTEGER NOT NULL, user TEXT NOT NULL,
  createdAt INTEGER NOT NULL, updatedAt INTEGER NOT NULL
) STRICT;
CREATE INDEX autoDeploysBranch ON autoDeploys (pipelineId, branch);
CREATE TRIGGER autoDeploysUncoupled AFTER DELETE ON couplings BEGIN
  DELETE FROM autoDeploys WHERE appId = OLD.appId;
END;

CREATE TABLE branchDeploys (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, eventId TEXT NOT NULL,
  appId TEXT NOT NULL REFERENCES apps ON DELETE CASCADE,
  pipelineId TEXT NOT NULL REFERENCES pipelines ON DELETE CASCADE,
  branch TEXT NOT NULL, "commit" TEXT NOT NULL, message TEXT NOT NULL, status TEXT NOT NULL, reason TEXT,
  buildId TEXT, user TEXT NOT NULL, createdAt INTEGER NOT NULL, updatedAt INTEGER NOT NULL, endedAt INTEGER,
  UNIQUE (eventId, appId)
) STRICT;
CREATE INDEX branchDeploysApp ON branchDeploys (appId, number);
CREATE INDEX branchDeploysOpen ON branchDeploys (appId) WHERE endedAt IS NULL;
CREATE INDEX branchDeploysCommit ON branchDeploys (pipelineId, "commit");
CREATE INDEX releasesCommit ON releases ("commit")
`
