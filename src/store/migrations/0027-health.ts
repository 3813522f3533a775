/** How it stood with instances and hosts over time: a row for each stretch in which that did not change. */
export const HEALTH = `
CREATE TABLE health (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, appId TEXT REFERENCES apps ON DELETE CASCADE, subject TEXT NOT NULL,
  name TEXT NOT NULL, release INTEGER, host TEXT, state TEXT NOT NULL, reason TEXT NOT NULL,
  fromAt INTEGER NOT NULL, untilAt INTEGER
) STRICT;
CREATE INDEX healthOfApp ON health (appId, kind, untilAt);
CREATE INDEX openHealth ON health (id) WHERE untilAt IS NULL
`
