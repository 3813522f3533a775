import { TasukiError } from '../domain/errors.ts'
import type { App } from '../store/apps.ts'
import type { StoredRelease } from '../store/releases.ts'
import type { Tables } from '../store/tables.ts'
import { announceRelease } from './announce.ts'
import type { ServiceDeps } from './context.ts'
import { liveApp } from './live-app.ts'
import { eligible, type MadeRelease, makeRelease, versionIn } from './releases.ts'
import { intendedRelease } from './rollouts.ts'

/** As people write it, and as the tags of images have it. */
const COMMIT_PREFIX = /^(?:sha-)?([0-9a-f]{4,64})$/i
const DIGEST = /^sha256:[0-9a-f]{64}$/

/** Back to an earlier release: its artifact with its own config, as a new release. */
export class RollbackService {
  readonly #deps: ServiceDeps

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  /**
   * `to`: `v3`, `3`, the id of a release, (at least 4 digits of) a commit, also as `sha-COMMIT`, or the digest of an
   * artifact; null: the last release before this one that served with another artifact or config. Supersedes a rollout that is running.
   * Throws `not_found`, or `invalid_params` when that release can not be rolled back to.
   */
  async rollBack(app: App, to: string | null, user: string): Promise<MadeRelease> {
    const made = await this.#deps.store.transaction(async (tables) => {
      const current = await liveApp(tables, app.id)
      const goal = to === null ? await previous(tables, current) : await named(tables, current, to)
      const config = await tables.releases.config(app.id, goal.version)
      await tables.config.set(app.id, config)
      const { artifact, commit } = goal
      const making = { artifact, commit, description: `Rollback to v${goal.version}`, config, user }
      return makeRelease(tables, current, making, Date.now())
    })
    announceRelease(this.#deps, made)
    return made
  }
}

async function previous(tables: Tables, app: App): Promise<StoredRelease> {
  const from = await intendedRelease(tables, app.id)
  const earlier = from ? await tables.releases.list(app.id, { to: from.version - 1 }) : []
  for (const release of earlier)
    if (differs(release, from!) && (await eligible(tables, release))) return release
  throw new TasukiError('not_found', `${app.name} has no earlier release to roll back to.`, {
    next: 'A rollback needs a release that has served before, with another artifact or config.',
  })
}

function differs(one: StoredRelease, other: StoredRelease): boolean {
  return one.artifact !== other.artifact || one.configDigest !== other.configDigest
}

async function named(tables: Tables, app: App, to: string): Promise<StoredRelease> {
  const version = versionIn(to)
  const release =
    (version === null ? null : await tables.releases.byVersion(app.id, version)) ??
    (await tables.releases.byId(app.id, to)) ??
    (DIGEST.test(to) ? await byDigest(tables, app, to) : await byCommit(tables, app, to))
  if (!release) throw unknown(app, to)
  if (await eligible(tables, release)) return release
  throw new TasukiError(
    'invalid_params',
    `${app.name} can not be rolled back to v${release.version}: ${why(release)}.`,
    {
      next: `\`tasuki releases -a ${app.name}\` shows which releases served.`,
    },
  )
}

async function byCommit(tables: Tables, app: App, text: string): Promise<StoredRelease | null> {
  const start = COMMIT_PREFIX.exec(text)?.[1]?.toLowerCase()
  if (start === undefined) return null
  const releases = await tables.releases.list(app.id)
  return bestOf(
    tables,
    releases.filter((one) => one.commit?.startsWith(start)),
  )
}

/** Of an artifact, or of an image in its registry. */
async function byDigest(tables: Tables, app: App, digest: string): Promise<StoredRelease | null> {
  const images = (await tables.artifacts.images()).filter(({ image }) => image.ref.endsWith(`@${digest}`))
  const wanted = new Set([digest, ...images.map((one) => one.digest)])
  const releases = await tables.releases.list(app.id)
  return bestOf(
    tables,
    releases.filter(({ artifact }) => artifact !== null && wanted.has(artifact)),
  )
}

/** The first that can be rolled back to, else the first, which tells why it can not. */
async function bestOf(tables: Tables, releases: readonly StoredRelease[]): Promise<StoredRelease | null> {
  for (const release of releases) if (await eligible(tables, release)) return release
  return releases[0] ?? null
}

function why(release: StoredRelease): string {
  if (release.artifact === null) return 'it has no artifact'
  if (release.status === 'succeeded') return 'its artifact has been collected'
  return release.status === 'pending' ? 'its own rollout has not ended' : 'it never served'
}

function unknown(app: App, to: string): TasukiError {
  return new TasukiError('not_found', `${app.name} has no release, commit or digest "${to.slice(0, 60)}".`, {
    next: `\`tasuki releases -a ${app.name}\` lists them.`,
  })
}
