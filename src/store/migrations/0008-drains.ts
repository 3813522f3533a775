/** Where the lines of apps are sent to. */
export const DRAINS = `
CREATE TABLE drains (
  id TEXT PRIMARY KEY, appId TEXT NOT NULL REFERENCES apps ON DELETE CASCADE, token TEXT NOT NULL,
  sealed BLOB NOT NULL, createdAt INTEGER NOT NULL
) STRICT;
CREATE INDEX drainsApp ON drains (appId)
`
