/**
 * Pipelines, which app stands at which stage of one, and what was promoted. What became of a promotion is said by the
 * releases that it made, so that it needs no state of its own.
 */
export const PIPELINES = `
CREATE TABLE pipelines (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, owner TEXT NOT NULL,
  createdAt INTEGER NOT NULL, updatedAt INTEGER NOT NULL
) STRICT;

CREATE TABLE couplings (
  id TEXT PRIMARY KEY, pipelineId TEXT NOT NULL REFERENCES pipelines ON DELETE CASCADE,
  appId TEXT NOT NULL UNIQUE REFERENCES apps ON DELETE CASCADE, stage TEXT NOT NULL,
  createdAt INTEGER NOT NULL, updatedAt INTEGER NOT NULL
) STRICT;
CREATE INDEX couplingsPipeline ON couplings (pipelineId);

CREATE TABLE promotions (
  id TEXT PRIMARY KEY, pipelineId TEXT NOT NULL REFERENCES pipelines ON DELETE CASCADE,
  appId TEXT NOT NULL, releaseId TEXT NOT NULL, user TEXT NOT NULL, createdAt INTEGER NOT NULL
) STRICT;
CREATE INDEX promotionsPipeline ON promotions (pipelineId, createdAt);

CREATE TABLE promotionTargets (
  id TEXT PRIMARY KEY, promotionId TEXT NOT NULL REFERENCES promotions ON DELETE CASCADE,
  appId TEXT NOT NULL, releaseId TEXT
) STRICT;
CREATE INDEX promotionTargetsPromotion ON promotionTargets (promotionId)
`
