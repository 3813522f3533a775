/** Where images are kept, and what slugs are put on to be images. */
export const REGISTRY = `
CREATE TABLE registry (
  id INTEGER PRIMARY KEY CHECK (id = 1), host TEXT NOT NULL, prefix TEXT NOT NULL, tls INTEGER NOT NULL,
  authority TEXT, ownAddress TEXT, sealed BLOB NOT NULL, setAt INTEGER NOT NULL
) STRICT;
CREATE TABLE baseImage (
  id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL, ref TEXT NOT NULL, imageId TEXT NOT NULL, setAt INTEGER NOT NULL
) STRICT
`
