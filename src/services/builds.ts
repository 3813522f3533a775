import { randomUUID } from 'node:crypto'
import { parseBuildpacks } from '../domain/buildpack.ts'
import { asTasukiError, originOf, TasukiError } from '../domain/errors.ts'
import type { App } from '../store/apps.ts'
import type { Build, BuildError } from '../store/builds.ts'
import { announce, announceRelease } from './announce.ts'
import { checkChecksum, verify } from './checksum.ts'
import type { ServiceDeps } from './context.ts'
import { deployArtifact } from './deploys.ts'
import { environmentOf } from './environments.ts'
import type { Outputs, OutputWriter } from './outputs.ts'
import { KeyedQueue } from './queue.ts'
import type { SourceService } from './sources.ts'
import { requireDeployable } from './stage-guard.ts'

const COMMIT = /^[\w./+-]{1,128}$/
const MOST_LISTED = 100
const CANCELLED: BuildError = {
  id: 'build_failed',
  message: 'The build was cancelled.',
  next: 'Deploy again when you want to.',
}
const STOPPED: BuildError = {
  id: 'build_failed',
  message: 'The server was stopped during this build.',
  next: 'Deploy again.',
}

/** What a build is made of. */
export interface NewBuild {
  readonly url: string
  readonly version: string | null
  /** Another source than this says is not built. */
  readonly checksum?: string | null
  /** As `parseBuildpack` reads them; those of the app without. */
  readonly buildpacks?: readonly string[] | null
}

/** Builds: one after the other for each app, some at once over all. A build that succeeds is deployed. */
export class BuildService {
  readonly #deps: ServiceDeps
  readonly #sources: SourceService
  readonly #outputs: Outputs
  readonly #queue: KeyedQueue
  readonly #stopped = new AbortController()
  /** Of the builds that run, to end each. */
  readonly #cancels = new Map<string, AbortController>()

  constructor(deps: ServiceDeps, sources: SourceService, outputs: Outputs) {
    this.#deps = deps
    this.#sources = sources
    this.#outputs = outputs
    this.#queue = new KeyedQueue(deps.settings.parallelBuilds)
  }

  /** What a dead control plane left behind can not be gone on with: it is said to have failed. */
  async start(): Promise<void> {
    const { tables } = this.#deps.store
    for (const build of await tables.builds.pending()) await tables.builds.fail(build.id, STOPPED, Date.now())
  }

  /** Ends running builds; they count as failed. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#queue.drain()
    await this.start()
  }

  /**
   * Queues a build of that source and answers at once. It is made with these buildpacks instead of the app's own, if any are
   * given. Throws `invalid_source`, `invalid_params`; `conflict` where the app's stage takes no deploys now.
   */
  async create(app: App, source: NewBuild, user: string): Promise<Build> {
    await this.check(source)
    await requireDeployable(this.#deps.store.tables, app.id, (this.#deps.now ?? Date.now)())
    const buildpacks = source.buildpacks ? this.#checked(source.buildpacks) : null
    const id = randomUUID()
    const build = {
      id,
      appId: app.id,
      sourceUrl: source.url,
      sourceVersion: source.version,
      checksum: source.checksum ?? null,
      buildpacks,
      user,
    }
    await this.#deps.store.tables.builds.insert({ ...build, createdAt: Date.now() })
    this.#outputs.expect(id)
    this.#queue.add(app.id, () => this.#run(id))
    return this.get(app, id)
  }

  /** Throws `invalid_source`, `invalid_params` for what could not be built. */
  async check(source: Pick<NewBuild, 'url' | 'version' | 'checksum'>): Promise<void> {
    if (source.version !== null && !COMMIT.test(source.version))
      throw new TasukiError('invalid_params', 'The version of the source is not a commit.')
    if (source.checksum) checkChecksum(source.checksum)
    await this.#sources.check(source.url)
  }

  #checked(given: readonly string[]): string[] {
    const buildpacks = parseBuildpacks(given)
    for (const buildpack of buildpacks) this.#deps.builder.checkBuildpack(buildpack)
    return buildpacks.map(({ url }) => url)
  }

  /** Newest first. */
  list(app: App): Promise<Build[]> {
    return this.#deps.store.tables.builds.list(app.id, MOST_LISTED)
  }

  /** Null before the first. */
  async newest(appId: string): Promise<Build | null> {
    const [build] = await this.#deps.store.tables.builds.list(appId, 1)
    return build ?? null
  }

  /** Throws `not_found`. */
  async get(app: Pick<App, 'id' | 'name'>, id: string): Promise<Build> {
    const found = await this.#deps.store.tables.builds.byId(id)
    if (found?.appId === app.id) return found
    throw new TasukiError('not_found', `${app.name} has no build "${id.slice(0, 60)}".`, {
      details: { resource: 'build' },
    })
  }

  /** Ends a build that waits or runs; no release comes of it. Throws `not_found`, `conflict` when it has ended. */
  async cancel(app: App, id: string, user: string): Promise<Build> {
    const { status } = await this.get(app, id)
    if (status !== 'pending')
      throw new TasukiError('conflict', 'The build has ended already.', {
        next: 'There is nothing to cancel.',
      })
    await this.#deps.store.tables.builds.fail(id, CANCELLED, Date.now())
    this.#cancels.get(id)?.abort()
    announce(this.#deps, app.id, `Build ${id} was cancelled by ${user}`)
    return this.get(app, id)
  }

  /** The build log from its start, then as it grows, to its end. */
  output(id: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
    return this.#outputs.follow(id, signal)
  }

  /** Forgets all but the newest, with their logs. */
  async trim(appId: string, keep: number): Promise<void> {
    for (const id of await this.#deps.store.tables.builds.trim(appId, keep)) await this.#outputs.remove(id)
  }

  async #run(id: string): Promise<void> {
    const output = this.#outputs.open(id)
    const cancel = new AbortController()
    this.#cancels.set(id, cancel)
    try {
      await this.#carryOut(id, output, AbortSignal.any([cancel.signal, this.#stopped.signal]))
    } catch (error) {
      await this.#fail(id, error, output)
    } finally {
      this.#cancels.delete(id)
      await output.end().catch((error: unknown) => {
        this.#deps.log.warn({ build: id, error: String(error) }, 'The build log could not be kept whole')
      })
    }
  }

  async #carryOut(id: string, output: OutputWriter, signal: AbortSignal): Promise<void> {
    const { store, builder } = this.#deps
    const build = (await store.tables.builds.byId(id))!
    if (build.status !== 'pending') throw new TasukiError('build_failed', CANCELLED.message)
    const buildpacks = build.buildpacks ?? (await store.tables.buildpacks.of(build.appId))
    const source = await this.#sources.obtain(build.sourceUrl)
    try {
      if (build.checksum !== null) await verify(source.file, build.checksum)
      const artifact = await builder.build({
        appId: build.appId,
        source: { tarball: source.file },
        commit: build.sourceVersion,
        env: await store.tables.config.get(build.appId),
        buildpacks,
        environment: await environmentOf(store.tables, build.appId),
        log: (line) => output.write(`${line}\n`),
        signal,
      })
      await store.tables.builds.madeWith(id, buildpacks ?? artifact.manifest.buildpacks ?? [])
      const made = await deployArtifact(store, build, artifact)
      output.write(`-----> Released v${made.release.version}\n`)
      announceRelease(this.#deps, made)
    } finally {
      await source.release()
    }
  }

  async #fail(id: string, thrown: unknown, output: OutputWriter): Promise<void> {
    const error = asTasukiError(thrown)
    if (error.code === 'internal')
      this.#deps.log.error({ build: id, error: originOf(error) }, 'A build broke')
    const told = (await this.#ended(id)) ?? { id: error.code, message: error.message, next: error.next }
    output.write(` !     ${told.message}\n !     ${told.next}\n`)
    await this.#deps.store.tables.builds.fail(id, told, Date.now())
  }

  /** Why it was ended from outside; null when it was not. */
  async #ended(id: string): Promise<BuildError | null> {
    const build = await this.#deps.store.tables.builds.byId(id)
    if (build && build.status !== 'pending') return build.error
    return this.#stopped.signal.aborted ? STOPPED : null
  }
}
