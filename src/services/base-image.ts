import { TasukiError } from '../domain/errors.ts'
import type { BaseImage } from '../store/base-image.ts'
import type { ServiceDeps } from './context.ts'
import { resolveImage } from './image-lookup.ts'

/** What slugs are put on where they run on Docker hosts. For admins. */
export class BaseImageService {
  readonly #deps: ServiceDeps

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  /** Null: nobody has named one, so slugs can not run on Docker hosts. */
  get(): Promise<BaseImage | null> {
    return this.#deps.store.tables.baseImage.get()
  }

  /**
   * Takes what the image is now: another one that gets its name later does not count. What runs, runs on; the next start of an instance is
   * on the new base. Throws `invalid_params` when nobody has the image, `registry_unavailable`, `registry_refused`.
   */
  async set(name: string): Promise<BaseImage> {
    const { place } = await resolveImage(this.#deps, name)
    const image = { name: name.trim(), ref: place.ref, id: place.id, setAt: Date.now() }
    await this.#deps.store.tables.baseImage.set(image)
    return image
  }

  /** Throws `not_found`. */
  async unset(): Promise<void> {
    if (!(await this.get()))
      throw new TasukiError('not_found', 'There is no base image.', { next: 'There is nothing to do.' })
    await this.#deps.store.tables.baseImage.delete()
  }
}
