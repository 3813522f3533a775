/** The Platform API names slugs by UUID: ours is made of the first digits of the artifact's digest. */
export function slugIdOf(digest: string): string {
  const hex = digest.replace('sha256:', '')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(12, 15)}-8${hex.slice(15, 18)}-${hex.slice(18, 30)}`
}

const SLUG_ID = /^([0-9a-f]{8})-([0-9a-f]{4})-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/

/** How the digest begins of which this is the slug id; null for what is none. */
export function digestStart(slugId: string): string | null {
  const [, first, second] = SLUG_ID.exec(slugId) ?? []
  return first === undefined ? null : `sha256:${first}${second}`
}
