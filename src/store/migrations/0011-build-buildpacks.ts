/** What a build was made with, or is to be made with instead of the app's own. */
export const BUILD_BUILDPACKS = `
ALTER TABLE builds ADD COLUMN buildpacks TEXT
`
