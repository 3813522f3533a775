/** Artifacts that are images: where engines find them. */
export const IMAGES = `
ALTER TABLE artifacts ADD COLUMN image TEXT
`
