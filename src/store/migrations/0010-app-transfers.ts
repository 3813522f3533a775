/** Apps that somebody wants to give to somebody else, who is to agree. */
export const APP_TRANSFERS = `
CREATE TABLE appTransfers (
  id TEXT PRIMARY KEY, appId TEXT NOT NULL REFERENCES apps ON DELETE CASCADE, owner TEXT NOT NULL,
  recipient TEXT NOT NULL, state TEXT NOT NULL, createdAt INTEGER NOT NULL, updatedAt INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX appTransfersPending ON appTransfers (appId) WHERE state = 'pending'
`
