/** Answers to calls that changed something, for who asks again after the server was started anew. */
export const REPLAYS = `
CREATE TABLE replays (key TEXT PRIMARY KEY, sealed BLOB NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX replaysAt ON replays (at)
`
