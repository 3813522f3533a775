/** A rollout that somebody has wait. */
export const PAUSED_ROLLOUTS = `
ALTER TABLE rollouts ADD COLUMN paused INTEGER NOT NULL DEFAULT 0
`
