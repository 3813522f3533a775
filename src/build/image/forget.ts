import { engineError, type ImageHost, isNotFound } from './engine.ts'
import { asked, ENGINE_LIMITS } from './engine-calls.ts'

/** What nobody needs any more: images by their names and ids, and slugs. */
export interface Unwanted {
  readonly digest: string
  /** Null: it is a slug. */
  readonly image: { readonly ref: string; readonly id: string } | null
}

const WHAT = 'removing images'
const CONFLICT = 409
const SLUGS = 'tasuki/slug:'

/** Removes from a host what is made of those artifacts, save what runs or somebody else has given a name. Answers with how many. */
export async function forgetImages(host: ImageHost, unwanted: readonly Unwanted[]): Promise<number> {
  const ids = new Map(unwanted.flatMap(({ image }) => (image ? [[image.id, image.ref] as const] : [])))
  const slugs = new Set(unwanted.flatMap(({ digest, image }) => (image ? [] : [startOf(digest)])))
  try {
    let removed = 0
    const all = await asked(host, WHAT, ENGINE_LIMITS.look, (abortSignal) =>
      host.docker.listImages({ abortSignal }),
    )
    for (const { Id, RepoTags, RepoDigests } of all) {
      const tags = (RepoTags ?? []).filter((tag) => tag !== '<none>:<none>')
      const ref = ids.get(Id)
      const names =
        ref === undefined
          ? tags.filter((tag) => tag.startsWith(SLUGS) && slugs.has(tag.slice(SLUGS.length).split('-')[0]!))
          : namesOf(Id, ref, { tags, digests: RepoDigests ?? [] })
      for (const name of names) if (await removeImage(host, name)) removed++
    }
    return removed
  } catch (error) {
    throw engineError(host, WHAT, error)
  }
}

/** By each of the names that are ours: with the last one it goes. */
function namesOf(
  id: string,
  ref: string,
  has: { readonly tags: readonly string[]; readonly digests: readonly string[] },
): string[] {
  const repository = ref.split('@')[0]!
  const ours = (name: string) =>
    name.startsWith('tasuki/') || name.startsWith(`${repository}:`) || name === ref
  const names = [...has.tags, ...has.digests].filter(ours)
  return names.length > 0 ? names : has.tags.length === 0 ? [id] : []
}

async function removeImage(host: ImageHost, name: string): Promise<boolean> {
  try {
    await asked(host, WHAT, ENGINE_LIMITS.change, (abortSignal) =>
      host.docker.getImage(name).remove({ abortSignal }),
    )
    return true
  } catch (error) {
    if (isNotFound(error) || (error as { statusCode?: number }).statusCode === CONFLICT) return false
    throw error
  }
}

function startOf(digest: string): string {
  return digest.replace('sha256:', '').slice(0, 24)
}
