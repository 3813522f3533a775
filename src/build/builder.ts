import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { AppEnvironment } from '../domain/app-json/environments.ts'
import type { Artifact } from '../domain/artifact.ts'
import type { BuildRequest } from '../domain/build.ts'
import type { Buildpack } from '../domain/buildpack.ts'
import { TasukiError } from '../domain/errors.ts'
import { BuildpackCache } from './buildpacks/cache.ts'
import { checkLocal } from './buildpacks/local.ts'
import { Shelf } from './buildpacks/shelf.ts'
import type { ImageBuilder } from './image/image-builder.ts'
import { imagesFor } from './image/wanted.ts'
import { type BuildLimits, DEFAULT_BUILD_LIMITS, withinLimits } from './limits.ts'
import { makeSlug, planSlug, type SlugPlan, slugKey, toolchainOf } from './make-slug.ts'
import { chooseBuilder } from './packs.ts'
import { type BuildUser, buildUser } from './process/user.ts'
import { letAppsThrough, openFolder } from './reach.ts'
import { canSandbox, type Sandbox } from './sandbox.ts'
import { CacheIndex } from './slug/cache-index.ts'
import { SlugStore } from './slug/store.ts'
import { DEFAULT_LIMITS, type SourceLimits } from './source/limits.ts'
import { lookAt } from './source/look.ts'
import { type Peek, peekAppJson } from './source/peek.ts'
import { unpackSource } from './source/unpack.ts'
import { collectToolchains, ensureToolchain, type Toolchain } from './toolchain/toolchain.ts'
import { Turns } from './turns.ts'
import { cacheDir, nameOf, type Workplace, Workshop } from './workshop.ts'

export interface BuilderOptions extends Partial<BuildLimits> {
  /** The server's data directory. */
  readonly data: string
  readonly limits?: SourceLimits
  /** Folders of this machine, absolute, below which buildpacks may lie. Default none. */
  readonly localBuildpacks?: readonly string[]
  /** Longest fetch of one buildpack in seconds. Default 60. */
  readonly fetchSeconds?: number
  /** What the buildpacks of an app may keep for its next build, in bytes. Default 1 GiB. */
  readonly cacheBytes?: number
  /** What builds Dockerfiles. Default: nothing does. */
  readonly images?: ImageBuilder | null
}

const DEFAULTS = {
  ...DEFAULT_BUILD_LIMITS,
  limits: DEFAULT_LIMITS,
  localBuildpacks: [],
  fetchSeconds: 60,
  cacheBytes: 2 ** 30,
  images: null,
}

/** Makes artifacts of sources, and keeps them. */
export class Builder {
  readonly #options: Required<BuilderOptions>
  readonly #store: SlugStore
  readonly #index: CacheIndex
  readonly #workshop: Workshop
  readonly #shelf: Shelf
  readonly #packCache: BuildpackCache
  readonly #toolchain: Toolchain
  #canSandbox: Promise<boolean> | null = null
  readonly #turns = new Turns()
  readonly #atWork = new Set<string>()
  readonly #forgetLater = new Set<string>()

  private constructor(options: Required<BuilderOptions>, toolchain: Toolchain) {
    const { data, localBuildpacks, fetchSeconds, cacheBytes } = options
    this.#options = options
    this.#store = new SlugStore(join(data, 'artifacts'))
    this.#index = new CacheIndex(join(data, 'artifact-index'))
    this.#workshop = new Workshop(join(data, 'build'))
    this.#shelf = new Shelf({ dir: join(data, 'buildpacks'), local: localBuildpacks, fetchSeconds })
    this.#packCache = new BuildpackCache(join(data, 'buildpack-cache'), cacheBytes)
    this.#toolchain = toolchain
  }

  /**
   * Opens the artifacts of a data directory, and clears away what a killed server left half-done.
   * One at a time for each directory. Throws `setup_missing` when apps could not reach the directory.
   */
  static async open(options: BuilderOptions): Promise<Builder> {
    const data = resolve(options.data)
    await mkdir(data, { recursive: true })
    await letAppsThrough(data)
    await openFolder(join(data, 'toolchain'))
    const toolchain = await ensureToolchain(join(data, 'toolchain'))
    const builder = new Builder({ ...DEFAULTS, ...options, data }, toolchain)
    await builder.#store.open()
    await builder.#index.open()
    await builder.#workshop.open()
    await builder.#shelf.open()
    await builder.#packCache.open()
    return builder
  }

  /**
   * Builds a source; answers at once when the same was built before. Builds of one app come one after the other.
   * Throws `invalid_source`, `too_large`, `invalid_procfile`, `invalid_app_json`, `build_failed`, `disk_full`, and for an image what
   * its host and its registry may throw; then nothing
   * is left of it but the log. The artifact is safe from `collect` for ten minutes, until a release holds it.
   */
  async build(request: BuildRequest): Promise<Artifact> {
    const user = buildUser(this.#options.data, request.appId)
    const turn = String(user?.uid ?? request.appId)
    const build = () =>
      this.#working(request.appId, () =>
        withinLimits(request, user, this.#options, (limited) => this.#build(limited, user)),
      )
    return this.#turns.take(turn, request.signal, build).catch((error: unknown) => {
      if (request.signal.aborted) throw new TasukiError('build_failed', 'The build was stopped.')
      throw error
    })
  }

  /** Throws `invalid_params` for a buildpack that the server's settings do not allow. */
  checkBuildpack(buildpack: Buildpack): void {
    checkLocal(buildpack, this.#options.localBuildpacks)
  }

  /** What app.json in an archive says, of which nothing has been unpacked yet. Throws as `build` does. */
  appJson(tarball: string, environment: AppEnvironment | null = null): Promise<Peek> {
    return peekAppJson(tarball, this.#options.limits, environment)
  }

  /** Where the tree of an artifact lies: absolute, readable by every user of the machine, written by none. */
  artifactPath(digest: string): string {
    return this.#store.path(digest)
  }

  /** What is known of an artifact; throws `not_found` when there is none. */
  async metadata(digest: string): Promise<Artifact> {
    return this.#store.metadata(digest)
  }

  /** Removes an artifact; one that is not there is fine. */
  async remove(digest: string): Promise<void> {
    await this.#store.remove(digest)
  }

  /** Removes every artifact that is not in `keep`, save those of the last ten minutes; returns their digests. */
  async collect(keep: ReadonlySet<string>): Promise<string[]> {
    const removed = await this.#store.collect(keep)
    const left = await this.#store.list()
    await this.#index.prune(new Set(left))
    const used = await Promise.all(left.map((digest) => toolchainOf(this.#store.path(digest))))
    await collectToolchains(join(this.#options.data, 'toolchain'), new Set([this.#toolchain.name, ...used]))
    await this.#shelf.prune()
    return removed
  }

  /**
   * Forgets what was kept to make an app's next build quicker; its artifacts stay. A build that is at work goes on undisturbed,
   * and what it would keep is forgotten at its end.
   */
  async forgetApp(appId: string): Promise<void> {
    await this.#packCache.purge(appId)
    if (this.#atWork.has(appId)) this.#forgetLater.add(appId)
    else await this.#removeCache(appId)
  }

  async #removeCache(appId: string): Promise<void> {
    const aside = join(this.#options.data, 'build-cache', `.${randomUUID()}`)
    await rename(this.#cachePath(appId), aside).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
    await rm(aside, { recursive: true, force: true })
  }

  /** Builds of one app come one after the other, so each of them is in here once. */
  async #working<Result>(appId: string, build: () => Promise<Result>): Promise<Result> {
    this.#atWork.add(appId)
    try {
      return await build()
    } finally {
      this.#atWork.delete(appId)
      if (this.#forgetLater.delete(appId)) await this.#removeCache(appId)
    }
  }

  async #build(request: BuildRequest, user: BuildUser | null): Promise<Artifact> {
    await using work = await this.#workshop.make(request.appId, user)
    const { limits } = this.#options
    await unpackSource(request.source.tarball, work.source, { limits, signal: request.signal })
    const look = await lookAt(work.source, request.environment)
    const images = imagesFor(look, request, this.#options.images)
    // Awaited here: the workshop is cleared away as soon as this returns.
    if (images) return await images.build(look, request)
    const plan = planSlug(look, await chooseBuilder(look, request, work, this.#shelf), request)
    const key = await slugKey(plan, request, this.#toolchain)
    return (await this.#known(key, request)) ?? (await this.#make(plan, key, work, request))
  }

  /** The artifact that an earlier build made of the same. */
  async #known(key: string | null, request: BuildRequest): Promise<Artifact | null> {
    const digest = key === null ? null : await this.#index.find(key)
    if (digest === null || !(await this.#store.claim(digest))) return null
    request.log('-----> Same source and config as in an earlier build: using its artifact')
    return { ...(await this.#store.metadata(digest)), commit: request.commit }
  }

  async #make(plan: SlugPlan, key: string | null, work: Workplace, request: BuildRequest): Promise<Artifact> {
    const sandbox = plan.builder.atAppPath ? await this.#sandbox(work, request) : null
    const lent = plan.builder.atAppPath ? await this.#packCache.lend(request.appId, work) : null
    const artifact = await makeSlug(plan, {
      id: randomUUID(),
      work,
      sandbox,
      toolchain: this.#toolchain,
      cacheDir: await cacheDir(this.#cachePath(request.appId), work.user),
      config: request.env,
      commit: request.commit,
      log: request.log,
      signal: request.signal,
    })
    if (lent && (await lent.keep()) === 'too large')
      request.log(' !     The buildpacks want to keep too much for the next build: nothing is kept')
    await this.#store.put(work.source, artifact)
    if (key !== null) await this.#index.put(key, artifact.digest)
    return artifact
  }

  async #sandbox(work: Workplace, request: BuildRequest): Promise<Sandbox | null> {
    const { data } = this.#options
    this.#canSandbox ??= canSandbox(data)
    const visible = [work.place, this.#cachePath(request.appId), join(data, 'toolchain')]
    if (await this.#canSandbox) return { data, source: work.source, visible }
    request.log(' !     This server can not show the app to its buildpacks at /app; some need that')
    return null
  }

  #cachePath(appId: string): string {
    return join(this.#options.data, 'build-cache', nameOf(appId))
  }
}
