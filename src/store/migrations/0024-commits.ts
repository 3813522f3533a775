/** What was done with a commit is found by it. */
export const COMMITS = `
CREATE INDEX buildsCommit ON builds (sourceVersion);
CREATE INDEX sourceEventsCommit ON sourceEvents (json_extract(event, '$.commit.sha'))
`
