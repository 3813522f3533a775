/** Machines with Docker, and the apps that are placed on them. */
export const HOSTS = `
CREATE TABLE hosts (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, url TEXT NOT NULL UNIQUE, labels TEXT NOT NULL,
  privateAddress TEXT NOT NULL, hostKey TEXT, engine TEXT NOT NULL UNIQUE, state TEXT NOT NULL, createdAt INTEGER NOT NULL
) STRICT;
CREATE TABLE placements (appId TEXT PRIMARY KEY REFERENCES apps ON DELETE CASCADE, label TEXT) STRICT;
CREATE INDEX placementsLabel ON placements (label)
`
