import { mkdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Artifact } from '../domain/artifact.ts'
import type { BuildRequest } from '../domain/build.ts'
import type { Buildpack } from '../domain/buildpack.ts'
import { asTasukiError, TasukiError } from '../domain/errors.ts'
import { checkLocal } from './buildpacks/local.ts'
import { makeSlug, planSlug, type SlugPlan, slugKey, toolchainOf } from './make-slug.ts'
import { buildUser } from './process/user.ts'
import { letAppsThrough, openFolder } from './reach.ts'
import { CacheIndex } from './slug/cache-index.ts'
import { SlugStore } from './slug/store.ts'
import { DEFAULT_LIMITS, type SourceLimits } from './source/limits.ts'
import { lookAt } from './source/look.ts'
import { unpackSource } from './source/unpack.ts'
import { collectToolchains, ensureToolchain, type Toolchain } from './toolchain/toolchain.ts'
import { Turns } from './turns.ts'
import { cacheDir, nameOf, type Workplace, Workshop } from './workshop.ts'

export interface BuilderOptions {
  /** The server's data directory. */
  readonly data: string
  readonly limits?: SourceLimits
  /** Longest build in seconds. Default 900. */
  readonly buildSeconds?: number
  /** Folders of this machine, absolute, below which buildpacks may lie. Default none. */
  readonly localBuildpacks?: readonly string[]
}

/** Makes artifacts of sources, and keeps them. */
export class Builder {
  readonly #options: Required<BuilderOptions>
  readonly #store: SlugStore
  readonly #index: CacheIndex
  readonly #workshop: Workshop
  readonly #toolchain: Toolchain
  readonly #turns = new Turns()

  private constructor(options: Required<BuilderOptions>, toolchain: Toolchain) {
    this.#options = options
    this.#store = new SlugStore(join(options.data, 'artifacts'))
    this.#index = new CacheIndex(join(options.data, 'artifact-index'))
    this.#workshop = new Workshop(join(options.data, 'build'))
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
    const builder = new Builder(
      { limits: DEFAULT_LIMITS, buildSeconds: 900, localBuildpacks: [], ...options, data },
      toolchain,
    )
    await builder.#store.open()
    await builder.#index.open()
    await builder.#workshop.open()
    return builder
  }

  /**
   * Builds a source; answers at once when the same was built before. Builds of one app come one after the other.
   * Throws `invalid_source`, `too_large`, `invalid_procfile`, `invalid_app_json`, `build_failed`, `disk_full`; then nothing
   * is left of it but the log. The artifact is safe from `collect` for ten minutes, until a release holds it.
   */
  async build(request: BuildRequest): Promise<Artifact> {
    const limit = AbortSignal.timeout(this.#options.buildSeconds * 1000)
    const signal = AbortSignal.any([request.signal, limit])
    const turn = String(buildUser(this.#options.data, request.appId)?.uid ?? request.appId)
    try {
      return await this.#turns.take(turn, signal, () => this.#build({ ...request, signal }))
    } catch (error) {
      if (request.signal.aborted) throw new TasukiError('build_failed', 'The build was stopped.')
      if (!limit.aborted) throw asTasukiError(error)
      throw new TasukiError('build_failed', `The build took longer than ${this.#options.buildSeconds} s.`)
    }
  }

  /** Throws `invalid_params` for a buildpack that the server's settings do not allow. */
  checkBuildpack(buildpack: Buildpack): void {
    checkLocal(buildpack, this.#options.localBuildpacks)
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
    return removed
  }

  /** Forgets what was kept to make an app's next build quicker; its artifacts stay. */
  async forgetApp(appId: string): Promise<void> {
    await rm(this.#cachePath(appId), { recursive: true, force: true })
  }

  async #build(request: BuildRequest): Promise<Artifact> {
    const user = buildUser(this.#options.data, request.appId)
    await using work = await this.#workshop.make(request.appId, user)
    const { limits } = this.#options
    await unpackSource(request.source.tarball, work.source, { limits, signal: request.signal })
    const plan = planSlug(await lookAt(work.source))
    const key = await slugKey(plan, request, this.#toolchain)
    return (await this.#known(key, request)) ?? (await this.#make(plan, key, work, request))
  }

  /** The artifact that an earlier build made of the same. */
  async #known(key: string, request: BuildRequest): Promise<Artifact | null> {
    const digest = await this.#index.find(key)
    if (digest === null || !(await this.#store.claim(digest))) return null
    request.log('-----> Same source and config as in an earlier build: using its artifact')
    return { ...(await this.#store.metadata(digest)), commit: request.commit }
  }

  async #make(plan: SlugPlan, key: string, work: Workplace, request: BuildRequest): Promise<Artifact> {
    const artifact = await makeSlug(plan, {
      work,
      toolchain: this.#toolchain,
      cacheDir: await cacheDir(this.#cachePath(request.appId), work.user),
      config: request.env,
      commit: request.commit,
      log: request.log,
      signal: request.signal,
    })
    await this.#store.put(work.source, artifact)
    await this.#index.put(key, artifact.digest)
    return artifact
  }

  #cachePath(appId: string): string {
    return join(this.#options.data, 'build-cache', nameOf(appId))
  }
}
