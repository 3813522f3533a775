/** What a source is to be by the word of whoever sent it, so that another one is not built. */
export const CHECKSUMS = `
ALTER TABLE builds ADD COLUMN checksum TEXT;
ALTER TABLE appSetups ADD COLUMN checksum TEXT
`
