/**
 * Stages that pipelines have beside the usual ones, what is asked for at each, when nothing may come to them, and
 * promotions that wait until somebody approves. A target of such a one has no release while it waits; `error` says why it
 * got none when it was approved.
 */
export const APPROVALS = `
CREATE TABLE stageOrders (
  pipelineId TEXT PRIMARY KEY REFERENCES pipelines ON DELETE CASCADE, names TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE stageRules (
  pipelineId TEXT NOT NULL REFERENCES pipelines ON DELETE CASCADE, stage TEXT NOT NULL, rules TEXT NOT NULL,
  updatedAt INTEGER NOT NULL, PRIMARY KEY (pipelineId, stage)
) STRICT, WITHOUT ROWID;

CREATE TABLE freezes (
  id TEXT PRIMARY KEY, pipelineId TEXT NOT NULL REFERENCES pipelines ON DELETE CASCADE, stage TEXT NOT NULL,
  reason TEXT, user TEXT NOT NULL, fromAt INTEGER, untilAt INTEGER, cron TEXT, lastsMs INTEGER, createdAt INTEGER NOT NULL
) STRICT;
CREATE INDEX freezesPipeline ON freezes (pipelineId, stage);

CREATE TABLE approvals (
  id TEXT PRIMARY KEY, promotionId TEXT NOT NULL REFERENCES promotions ON DELETE CASCADE,
  pipelineId TEXT NOT NULL REFERENCES pipelines ON DELETE CASCADE, stage TEXT NOT NULL, user TEXT NOT NULL,
  state TEXT NOT NULL, createdAt INTEGER NOT NULL, expiresAt INTEGER NOT NULL, endedAt INTEGER, endedBy TEXT, comment TEXT
) STRICT;
CREATE INDEX approvalsPipeline ON approvals (pipelineId, createdAt);
CREATE INDEX approvalsPromotion ON approvals (promotionId);
CREATE INDEX approvalsWaiting ON approvals (state) WHERE state = 'waiting';

CREATE TABLE approvalVotes (
  approvalId TEXT NOT NULL REFERENCES approvals ON DELETE CASCADE, user TEXT NOT NULL, comment TEXT, at INTEGER NOT NULL,
  PRIMARY KEY (approvalId, user)
) STRICT, WITHOUT ROWID;

ALTER TABLE promotionTargets ADD COLUMN approvalId TEXT;
ALTER TABLE promotionTargets ADD COLUMN error TEXT
`
