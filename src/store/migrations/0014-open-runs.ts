/** Runs that have not ended are asked for often, and are few among many. */
export const OPEN_RUNS = `
CREATE INDEX runsState ON runs (state)
`
