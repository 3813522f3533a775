/** Users, who works on whose app, and what tokens are good for and until when. */
export const ACCOUNTS = `
CREATE TABLE users (
  id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT, password TEXT,
  admin INTEGER NOT NULL, builtIn INTEGER NOT NULL, createdAt INTEGER NOT NULL, updatedAt INTEGER NOT NULL
) STRICT;

CREATE TABLE collaborators (
  id TEXT PRIMARY KEY, appId TEXT NOT NULL REFERENCES apps ON DELETE CASCADE,
  userId TEXT NOT NULL REFERENCES users ON DELETE CASCADE ON UPDATE CASCADE, createdAt INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX collaboratorsApp ON collaborators (appId, userId);
CREATE INDEX collaboratorsUser ON collaborators (userId);

CREATE INDEX appsOwner ON apps (owner);

ALTER TABLE tokens ADD COLUMN kind TEXT NOT NULL DEFAULT 'authorization';
ALTER TABLE tokens ADD COLUMN scopes TEXT NOT NULL DEFAULT 'global';
ALTER TABLE tokens ADD COLUMN hint TEXT NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN expiresAt INTEGER;
ALTER TABLE tokens ADD COLUMN updatedAt INTEGER NOT NULL DEFAULT 0;
CREATE INDEX tokensUser ON tokens (user)
`
