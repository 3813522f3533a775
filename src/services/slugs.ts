import type { Artifact } from '../domain/artifact.ts'
import { TasukiError } from '../domain/errors.ts'
import { digestStart, slugIdOf } from '../domain/slug-id.ts'
import type { App } from '../store/apps.ts'
import type { Tables } from '../store/tables.ts'
import { announceRelease } from './announce.ts'
import type { ServiceDeps } from './context.ts'
import { liveApp } from './live-app.ts'
import { type MadeRelease, makeRelease } from './releases.ts'
import { requireDeployable } from './stage-guard.ts'

const MOST_DESCRIPTION = 500

/** An artifact as one of an app's slugs. Times are UTC ms. */
export interface Slug {
  readonly artifact: Artifact
  /** That of the newest release of the app that has it. */
  readonly commit: string | null
  readonly createdAt: number
  /** When its files were collected. */
  readonly collectedAt: number | null
}

/** What an app's builds have made, and releases made of it once more. */
export class SlugService {
  readonly #deps: ServiceDeps

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  /** By slug id or digest, of those that a release of the app has. Throws `not_found`. */
  get(app: App, which: string): Promise<Slug> {
    return slugOf(this.#deps.store.tables, app, which)
  }

  /**
   * A new release of that slug with the app's present config, as after a release phase that failed for a reason that has
   * gone. Throws `not_found`, `conflict` where the app's stage takes no deploys now, or `invalid_params` when its files have been collected.
   */
  async release(app: App, which: string, description: string | null, user: string): Promise<MadeRelease> {
    const made = await this.#deps.store.transaction(async (tables) => {
      const current = await liveApp(tables, app.id)
      await requireDeployable(tables, app.id, (this.#deps.now ?? Date.now)())
      const { artifact, commit, collectedAt } = await slugOf(tables, app, which)
      if (collectedAt !== null)
        throw new TasukiError('invalid_params', 'The slug has been collected.', { next: 'Deploy it again.' })
      const making = {
        artifact: artifact.digest,
        commit,
        description: checkedDescription(description) ?? `Deploy ${slugIdOf(artifact.digest).slice(0, 8)}`,
        config: await tables.config.get(app.id),
        user,
      }
      return makeRelease(tables, current, making, Date.now())
    })
    announceRelease(this.#deps, made)
    return made
  }
}

async function slugOf(tables: Tables, app: App, which: string): Promise<Slug> {
  const start = digestStart(which) ?? (which.startsWith('sha256:') ? which : null)
  const digests = start === null ? [] : await tables.artifacts.startingWith(start)
  const digest = digests.find((one) => one === which || slugIdOf(one) === which)
  const release = digest ? await tables.releases.newestWith(app.id, digest) : null
  if (digest && release) {
    const artifact = await tables.artifacts.get(digest)
    return { artifact, commit: release.commit ?? artifact.commit, ...(await tables.artifacts.times(digest)) }
  }
  throw new TasukiError('not_found', `${app.name} has no slug "${which.slice(0, 80)}".`, {
    details: { resource: 'slug' },
  })
}

function checkedDescription(text: string | null): string | null {
  const trimmed = text?.trim()
  if (!trimmed) return null
  if (trimmed.length <= MOST_DESCRIPTION) return trimmed
  throw new TasukiError('invalid_params', `A description has at most ${MOST_DESCRIPTION} letters.`)
}
