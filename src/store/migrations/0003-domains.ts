/** Each hostname gets an id of its own, a random UUID. */
export const DOMAINS = `
ALTER TABLE domains ADD COLUMN id TEXT NOT NULL DEFAULT '';
UPDATE domains SET id = lower(
  hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) ||
  '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))
);
CREATE UNIQUE INDEX domainsId ON domains (id)
`
