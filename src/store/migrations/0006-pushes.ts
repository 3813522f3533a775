/** What is pushed to a branch that is deployed, so that it can be taken up again. */
export const PUSHES = `
CREATE TABLE pushes (
  id TEXT PRIMARY KEY, appId TEXT NOT NULL REFERENCES apps ON DELETE CASCADE, ref TEXT NOT NULL,
  fromCommit TEXT, toCommit TEXT NOT NULL, buildId TEXT, state TEXT NOT NULL, reason TEXT, user TEXT NOT NULL,
  createdAt INTEGER NOT NULL, endedAt INTEGER
) STRICT;
CREATE INDEX pushesApp ON pushes (appId, createdAt);
CREATE INDEX pushesPending ON pushes (createdAt) WHERE state = 'pending'
`
