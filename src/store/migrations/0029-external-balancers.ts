/** Apps behind balancers that are not ours, and how those check. */
export const EXTERNAL_BALANCERS = `
CREATE TABLE externalBalancers (
  appId TEXT PRIMARY KEY REFERENCES apps ON DELETE CASCADE, intervalMs INTEGER NOT NULL, timeoutMs INTEGER NOT NULL,
  rise INTEGER NOT NULL, fall INTEGER NOT NULL, marginMs INTEGER NOT NULL, ports TEXT NOT NULL
) STRICT
`
