import { randomUUID } from 'node:crypto'
import type { ArtifactKind } from '../domain/artifact.ts'
import { TasukiError } from '../domain/errors.ts'
import { RELEASE_TYPE } from '../domain/release.ts'
import type { App } from '../store/apps.ts'
import type { ReleaseRange, StoredRelease } from '../store/releases.ts'
import type { Tables } from '../store/tables.ts'
import type { ServiceDeps } from './context.ts'
import { beginRollout, currentVersion } from './rollouts.ts'

/** A release, and what it means now. */
export interface ReleaseView {
  readonly release: StoredRelease
  /** Visitors are served by it. */
  readonly current: boolean
  readonly eligibleForRollback: boolean
  readonly rolloutId: string | null
  /** It has a release phase, so that there is something to read. */
  readonly hasOutput: boolean
  /** What its artifact is; null where it has none. */
  readonly kind: ArtifactKind | null
}

/** A release that was just made. */
export interface MadeRelease {
  readonly release: StoredRelease
  /** Null when there is nothing to run yet. */
  readonly rolloutId: string | null
}

interface Making {
  readonly artifact: string | null
  readonly commit: string | null
  readonly description: string
  readonly config: Readonly<Record<string, string>>
  readonly user: string
}

/** Adds a release, and its rollout when there is something to run, inside the caller's transaction. */
export async function makeRelease(
  tables: Tables,
  app: App,
  making: Making,
  at: number,
): Promise<MadeRelease> {
  const release = await tables.releases.insert({
    id: randomUUID(),
    appId: app.id,
    status: making.artifact === null ? 'succeeded' : 'pending',
    createdAt: at,
    ...making,
  })
  const rolloutId = release.artifact === null ? null : await beginRollout(tables, app, release, 'release', at)
  await tables.events.add({
    appId: app.id,
    appName: app.name,
    at,
    user: making.user,
    kind: 'release',
    text: `v${release.version}: ${release.description}`,
  })
  return { release, rolloutId }
}

/** A rollback can go there: it served once, and its artifact is still there. */
export async function eligible(tables: Tables, release: StoredRelease): Promise<boolean> {
  return (
    release.status === 'succeeded' &&
    release.artifact !== null &&
    (await tables.artifacts.present(release.artifact))
  )
}

/** What people ask of releases. */
export class ReleaseService {
  readonly #deps: ServiceDeps

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  get #tables(): Tables {
    return this.#deps.store.tables
  }

  async list(app: App, range: ReleaseRange): Promise<ReleaseView[]> {
    const releases = await this.#tables.releases.list(app.id, range)
    return this.#views(app, releases)
  }

  /** By id, `3` or `v3`. Throws `not_found`. */
  async get(app: App, which: string): Promise<ReleaseView> {
    const [view] = await this.#views(app, [await this.find(app, which)])
    return view!
  }

  async find(app: App, which: string): Promise<StoredRelease> {
    const { releases } = this.#tables
    const version = versionIn(which)
    const found =
      version === null ? await releases.byId(app.id, which) : await releases.byVersion(app.id, version)
    if (found) return found
    throw new TasukiError('not_found', `${app.name} has no release "${which.slice(0, 60)}".`, {
      next: `\`tasuki releases -a ${app.name}\` lists them.`,
      details: { resource: 'release' },
    })
  }

  /** The config vars of that release. */
  config(release: StoredRelease): Promise<Record<string, string>> {
    return this.#tables.releases.config(release.appId, release.version)
  }

  async #views(app: App, releases: readonly StoredRelease[]): Promise<ReleaseView[]> {
    if (releases.length === 0) return []
    const tables = this.#tables
    const current = await shownAsCurrent(tables, app)
    const rollouts = await tables.rollouts.idsByRelease(
      app.id,
      releases.map((release) => release.version),
    )
    const present = new Set(await tables.artifacts.presentOf(artifactsOf(releases)))
    return Promise.all(
      releases.map(async (release) => {
        const artifact = release.artifact === null ? null : await tables.artifacts.get(release.artifact)
        return {
          release,
          current: release.version === current,
          eligibleForRollback:
            release.status === 'succeeded' && artifact !== null && present.has(artifact.digest),
          rolloutId: rollouts.get(release.version) ?? null,
          hasOutput: artifact?.processTypes[RELEASE_TYPE] !== undefined,
          kind: artifact?.kind ?? null,
        }
      }),
    )
  }
}

function artifactsOf(releases: readonly StoredRelease[]): string[] {
  return [...new Set(releases.flatMap(({ artifact }) => (artifact === null ? [] : [artifact])))]
}

/** Before anything has run, the newest release without an artifact is what the app is. */
async function shownAsCurrent(tables: Tables, app: App): Promise<number | null> {
  const serving = await currentVersion(tables, app.id)
  if (serving !== null) return serving
  const past = await tables.releases.list(app.id)
  return past.find((release) => release.status === 'succeeded')?.version ?? null
}

/** `3` and `v3` are 3; anything else is no version. */
export function versionIn(text: string): number | null {
  const digits = /^v?(\d{1,9})$/.exec(text)?.[1]
  return digits === undefined ? null : Number(digits)
}
