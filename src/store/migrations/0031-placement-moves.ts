/** Of an app that is being moved: from where, and by which rollout. Without a runtime of its own it runs where its artifact can. */
export const PLACEMENT_MOVES = `
ALTER TABLE placements ADD COLUMN runtime TEXT NOT NULL DEFAULT 'docker';
ALTER TABLE placements ADD COLUMN rollout TEXT;
ALTER TABLE placements ADD COLUMN generation INTEGER;
ALTER TABLE placements ADD COLUMN "before" TEXT
`
