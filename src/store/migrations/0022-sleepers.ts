/** Apps that are put to sleep while nobody visits them, and the limits of those that share them. */
export const SLEEPERS = `
CREATE TABLE sleepers (
  appId TEXT PRIMARY KEY REFERENCES apps ON DELETE CASCADE, state TEXT NOT NULL, afterIdleMs INTEGER, pool TEXT,
  since INTEGER NOT NULL, activeAt INTEGER NOT NULL
) STRICT;
CREATE TABLE sleepPools (pool TEXT PRIMARY KEY, mostAwake INTEGER, mostBytes INTEGER) STRICT
`
