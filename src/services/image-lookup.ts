import type { ArtifactImage } from '../domain/artifact.ts'
import { TasukiError } from '../domain/errors.ts'
import { type ImageRef, imageRefText, parseImageRef } from '../domain/image-ref.ts'
import type { RegistryAccess } from '../domain/registry.ts'
import type { ServiceDeps } from './context.ts'
import type { FoundImage } from './image-port.ts'

/** Where images are that name no registry. */
const DOCKER_HUB = 'docker.io'
const LATEST = 'latest'

/** What a name stands for now. */
export interface ResolvedImage {
  readonly asked: ImageRef
  readonly found: FoundImage
  readonly place: ArtifactImage
}

/**
 * Finds out what an image is, without fetching it: from a Docker host when the name has no registry and one has it, else from its
 * registry. Throws `invalid_params` for what is nowhere, `registry_unavailable`, `registry_refused`.
 */
export async function resolveImage(
  deps: Pick<ServiceDeps, 'store' | 'images'>,
  name: string,
): Promise<ResolvedImage> {
  const asked = parseImageRef(name)
  const text = imageRefText(asked)
  if (asked.registry === null) {
    const found = await deps.images.onHosts(text)
    if (found) return { asked, found, place: { ref: found.id, id: found.id, repository: null } }
  }
  const found = await inRegistry(deps, asked)
  if (found === null)
    throw new TasukiError(
      'invalid_params',
      `There is no image ${text}, neither in its registry nor on a Docker host.`,
      {
        next: 'Check its name and tag; was it pushed?',
      },
    )
  const repository = `${asked.registry ?? DOCKER_HUB}/${asked.repository}`
  return { asked, found, place: { ref: `${repository}@${found.digest}`, id: found.id, repository } }
}

async function inRegistry(
  { store, images }: Pick<ServiceDeps, 'store' | 'images'>,
  asked: ImageRef,
): Promise<FoundImage | null> {
  const host = asked.registry ?? DOCKER_HUB
  const known = await store.tables.registry.get()
  const access = known?.host === host ? known : stranger(host)
  return images.registry(access, access.pull).find(asked.repository, asked.digest ?? asked.tag ?? LATEST)
}

/** One that we know nothing of: what it shows to everybody. Engines too speak plain HTTP to their own machine. */
function stranger(host: string): RegistryAccess {
  const tls = !/^(localhost|127\.)/.test(host)
  return { host, prefix: '', tls, authority: null, push: null, pull: null }
}
