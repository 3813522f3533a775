import type { Artifact, ArtifactImage } from '../../domain/artifact.ts'
import { TasukiError } from '../../domain/errors.ts'
import type { Login } from '../../domain/registry.ts'
import { engineError, type ImageHost } from './engine.ts'
import { findImage } from './find.ts'
import { SavedImage } from './saved-image.ts'
import { putSlugOn } from './slug-image.ts'
import { giveImage, pull } from './transfer.ts'

/** What the store of images needs to know. */
export interface ImageSources {
  /** Folder of this machine for what is on its way; what lies there at the start is of no use. */
  readonly scratch: string
  /** Throws `not_found`. */
  artifact(digest: string): Promise<Artifact>
  /** Where the tree of a slug lies on this machine. */
  slugPath(digest: string): string
  /** All Docker hosts. */
  hosts(): readonly ImageHost[]
  /** Who may read from that registry; null: anybody, or nobody that we know of. */
  pullLogin(registry: string): Promise<Login | null>
  /** Makes the host trust that registry, where it is ours to know its authority. False: there was nothing to do. */
  introduce(host: ImageHost, registry: string): Promise<boolean>
  /** What slugs are put on; null: nobody has said. */
  slugBase(): Promise<ImagePlace | null>
}

type ImagePlace = Pick<ArtifactImage, 'ref' | 'id'>

const NO_BASE =
  'Set one with `tasuki base-image:set IMAGE`, for example node:24-slim, or run the app here: `tasuki place APP --local`.'

/** Brings to Docker hosts what is to run there. */
export class ImageStore {
  readonly #sources: ImageSources
  /** What is on its way, by host and digest: asked for twice, it is brought once. */
  readonly #underWay = new Map<string, Promise<string>>()
  readonly #saved = new Map<string, { users: number; readonly image: Promise<SavedImage> }>()

  constructor(sources: ImageSources) {
    this.#sources = sources
  }

  /**
   * Makes what runs that artifact be on the host, and answers with what to name it to its engine. Quick where it is there.
   * An image comes from its registry by its digest, else from another host that has it; a slug is put on the base image
   * that the operator named. Throws `image_unavailable`, `host_unreachable`, `disk_full`, `setup_missing` without a base image.
   */
  ensure(host: ImageHost, digest: string): Promise<string> {
    const key = `${host.id} ${digest}`
    const underWay = this.#underWay.get(key)
    if (underWay) return underWay
    const bringing = this.#ensure(host, digest).finally(() => this.#underWay.delete(key))
    this.#underWay.set(key, bringing)
    return bringing
  }

  async #ensure(host: ImageHost, digest: string): Promise<string> {
    const artifact = await this.#sources.artifact(digest)
    if (artifact.kind === 'image') return this.#bring(host, artifact.image!)
    const base = await this.#sources.slugBase()
    if (base === null)
      throw new TasukiError(
        'setup_missing',
        'The app is a slug, and no base image is set on which slugs run on Docker hosts.',
        { next: NO_BASE },
      )
    const name = await this.#bring(host, base)
    return putSlugOn(host, { id: base.id, name }, { digest, tree: this.#sources.slugPath(digest) })
  }

  /** Makes the host have that image; answers with what it knows it as. */
  async #bring(host: ImageHost, image: ImagePlace): Promise<string> {
    for (const name of [image.ref, image.id]) if (await findImage(host, name)) return name
    const failed = image.ref === image.id ? null : await this.#pulled(host, image.ref)
    if (failed === null && image.ref !== image.id) return image.ref
    // The registry may be down while another host has what it would give.
    const from = await this.#whoHas(host, image)
    if (from === null) throw failed ?? nobodyHas(image)
    const tag = image.id.replace('sha256:', '').slice(0, 24)
    await this.#withSaved(from, image.id, (saved) =>
      giveImage(saved, host, image.id, { repo: 'tasuki/image', tag }),
    )
    return image.id
  }

  /** Why it could not be had from its registry; null once it is there. */
  async #pulled(host: ImageHost, ref: string): Promise<TasukiError | null> {
    const registry = ref.slice(0, ref.indexOf('/'))
    const login = await this.#sources.pullLogin(registry)
    try {
      await pull(host, ref, login)
      return null
    } catch (error) {
      const first = engineError(host, `fetching ${ref}`, error)
      if (!/x509|certificate/i.test(first.message)) return first
      if (!(await this.#sources.introduce(host, registry))) return first
    }
    return pull(host, ref, login).then(
      () => null,
      (error: unknown) => engineError(host, `fetching ${ref}`, error),
    )
  }

  /** Fetched once, however many hosts it is for at the time. */
  async #withSaved(from: ImageHost, id: string, use: (saved: SavedImage) => Promise<void>): Promise<void> {
    const known = this.#saved.get(id)
    const shared = known ?? { users: 0, image: SavedImage.fetch(from, id, this.#sources.scratch) }
    if (!known) this.#saved.set(id, shared)
    shared.users++
    try {
      await use(await shared.image)
    } finally {
      shared.users--
      if (shared.users === 0) {
        this.#saved.delete(id)
        await shared.image.then(
          (saved) => saved.remove(),
          () => undefined,
        )
      }
    }
  }

  async #whoHas(host: ImageHost, image: ImagePlace): Promise<ImageHost | null> {
    const others = this.#sources.hosts().filter((one) => one.id !== host.id && one.reachable())
    const found = await Promise.all(
      others.map(async (other) => ((await findImage(other, image.id).catch(() => null)) ? other : null)),
    )
    const from = found.find((one) => one !== null)
    return from ?? null
  }
}

function nobodyHas({ ref }: ImagePlace): TasukiError {
  return new TasukiError(
    'image_unavailable',
    `No Docker host that answers has the image ${ref.slice(0, 120)}, and no registry.`,
    { next: 'Bring back the host that has it, or deploy again.' },
  )
}
