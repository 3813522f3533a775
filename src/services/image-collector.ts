import type { Tables } from '../store/tables.ts'
import type { ServiceDeps } from './context.ts'

/** How long an image is kept although no release holds it yet: the release is made after the build has answered. */
const YOUNG_MS = 10 * 60_000

/** Images that nobody needs: which of those `going` can go. Their rows stay, for the history. */
export async function imagesToGo(
  { artifacts }: Tables,
  going: readonly string[],
  now: number,
): Promise<string[]> {
  const old = new Set(
    (await artifacts.images())
      .filter(({ createdAt }) => createdAt < now - YOUNG_MS)
      .map(({ digest }) => digest),
  )
  return going.filter((digest) => old.has(digest))
}

/**
 * Has the Docker hosts that answer forget what is made of collected artifacts. Those that do not answer now are told the next time.
 * What is in the registry stays until its own collection.
 */
export async function forgetOnHosts({ store, images }: Pick<ServiceDeps, 'store' | 'images'>): Promise<void> {
  const all = await store.tables.artifacts.images()
  const used = new Set(all.filter(({ collectedAt }) => collectedAt === null).map(({ image }) => image.id))
  const gone = all.filter(({ collectedAt, image }) => collectedAt !== null && !used.has(image.id))
  const slugs = await store.tables.artifacts.collectedSlugs()
  const unwanted = [...gone, ...slugs.map((digest) => ({ digest, image: null }))]
  if (unwanted.length > 0) await images.forget(unwanted)
}
