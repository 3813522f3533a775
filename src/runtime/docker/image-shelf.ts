import type { DockerHost } from './host.ts'
import type { EnsureImage } from './starter.ts'

/** How long an image that was there counts as being there still, ms: from the preparation of a rollout to its last start. */
const FRESH_MS = 60_000

interface Brought {
  readonly image: string
  readonly at: number
}

/**
 * What artifacts run as on one host. Preparing makes sure that it is there; a start soon after does not ask again, since every
 * question costs a way over the network. Whoever finds it gone says so by `forget`.
 */
export class ImageShelf {
  readonly #host: DockerHost
  readonly #ensure: EnsureImage
  readonly #brought = new Map<string, Brought>()

  constructor(host: DockerHost, ensure: EnsureImage) {
    this.#host = host
    this.#ensure = ensure
  }

  /** Makes sure that it is on the host, and answers with what to run. Throws as `EnsureImage`. */
  async bring(appId: string, artifact: string): Promise<string> {
    const image = await this.#ensure(this.#host, appId, artifact)
    this.#brought.set(artifact, { image, at: performance.now() })
    this.#forgetOld()
    return image
  }

  /** The same, without asking for what was there a moment ago. */
  async take(appId: string, artifact: string): Promise<string> {
    this.#forgetOld()
    return this.#brought.get(artifact)?.image ?? this.bring(appId, artifact)
  }

  /** It is not there any more. True when that is news. */
  forget(artifact: string): boolean {
    return this.#brought.delete(artifact)
  }

  #forgetOld(): void {
    const oldest = performance.now() - FRESH_MS
    for (const [artifact, { at }] of this.#brought) if (at < oldest) this.#brought.delete(artifact)
  }
}
