import { createHash } from 'node:crypto'
import { type AppJson, parseAppJson } from '../domain/app-json.ts'
import type { Artifact } from '../domain/artifact.ts'
import { TasukiError } from '../domain/errors.ts'
import { imageProcessTypes, revisionOf } from '../domain/image-config.ts'
import { commitOfTag, imageRefText } from '../domain/image-ref.ts'
import { parseProcfile } from '../domain/procfile.ts'
import { ROUTABLE_TYPE } from '../domain/release.ts'
import type { App } from '../store/apps.ts'
import { announceRelease } from './announce.ts'
import type { ServiceDeps } from './context.ts'
import { adoptArtifact } from './deploys.ts'
import { type ResolvedImage, resolveImage } from './image-lookup.ts'
import { liveApp } from './live-app.ts'
import { type MadeRelease, makeRelease } from './releases.ts'
import { requireDeployable } from './stage-guard.ts'

const COMMIT = /^[\w./+-]{1,128}$/

/** An image that somebody else has built. */
export interface ImageWish {
  /** `REGISTRY/REPOSITORY:TAG`, or with a digest. */
  readonly image: string
  /** Default: what the image says, or its tag `sha-COMMIT`. */
  readonly commit?: string | null
  /** Their text, when there is more to run than the image's own command, or more to say. */
  readonly procfile?: string | null
  readonly appJson?: string | null
}

/** Releases of images that were built elsewhere. */
export class ImageDeployService {
  readonly #deps: ServiceDeps

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  /**
   * Finds out which image that is now, and makes a release of it: of that very image, whatever its tag names later. Nothing is fetched here.
   * Throws `invalid_params` for an image that is nowhere, `conflict` without a Docker host or where the app's stage takes no deploys now,
   * `registry_unavailable`, `registry_refused`, `invalid_procfile`, `invalid_app_json`; then nothing has changed.
   */
  async deploy(app: App, wish: ImageWish, user: string): Promise<MadeRelease> {
    const { store } = this.#deps
    await requireDeployable(store.tables, app.id, this.#now())
    if ((await store.tables.hosts.all()).length === 0) throw noHosts()
    const resolved = await resolveImage(this.#deps, wish.image)
    const artifact = artifactOf(resolved, wish)
    const made = await store.transaction(async (tables) => {
      const current = await liveApp(tables, app.id)
      await requireDeployable(tables, app.id, this.#now())
      const at = Date.now()
      await tables.artifacts.put(artifact, at)
      const config = await adoptArtifact(tables, app.id, artifact)
      const description = `Deploy ${imageRefText(resolved.asked).slice(-60)}`
      return makeRelease(
        tables,
        current,
        { artifact: artifact.digest, commit: artifact.commit, description, config, user },
        at,
      )
    })
    announceRelease(this.#deps, made)
    return made
  }

  #now(): number {
    return (this.#deps.now ?? Date.now)()
  }
}

function artifactOf({ asked, found, place }: ResolvedImage, wish: ImageWish): Artifact {
  const procfile = wish.procfile ? parseProcfile(wish.procfile) : null
  const processTypes = imageProcessTypes(found.config, procfile)
  const { manifest } = appJsonOf(wish, [...new Set([ROUTABLE_TYPE, ...Object.keys(processTypes)])])
  // The same image with another Procfile or app.json is another artifact.
  const own = wish.procfile || wish.appJson ? hashOf([found.digest, processTypes, manifest]) : found.digest
  return {
    digest: own,
    kind: 'image',
    size: found.size,
    commit: commitOf(wish) ?? commitOfTag(asked.tag) ?? revisionOf(found.config),
    processTypes,
    manifest,
    builder: 'image',
    env: {},
    image: place,
  }
}

function appJsonOf({ appJson }: ImageWish, types: readonly string[]): Pick<AppJson, 'manifest'> {
  return parseAppJson(appJson ?? '{}', types)
}

function commitOf({ commit }: ImageWish): string | null {
  if (!commit) return null
  if (COMMIT.test(commit)) return commit
  throw new TasukiError('invalid_params', `"${commit.slice(0, 60)}" is not a commit.`)
}

function hashOf(parts: unknown): string {
  return `sha256:${createHash('sha256').update(JSON.stringify(parts)).digest('hex')}`
}

function noHosts(): TasukiError {
  return new TasukiError('conflict', 'An image runs on Docker hosts, and there is none.', {
    next: 'Add one with `tasuki hosts:add ssh://USER@ADDRESS`, or this machine: `tasuki hosts:add unix:///var/run/docker.sock`.',
  })
}
