import { neededArtifacts } from '../domain/needed-artifacts.ts'
import type { App } from '../store/apps.ts'
import type { Tables } from '../store/tables.ts'
import type { BuildService } from './builds.ts'
import type { ServiceDeps } from './context.ts'
import { forgetOnHosts, imagesToGo } from './image-collector.ts'
import type { SourceService } from './sources.ts'

const KEEP_ROLLOUTS = 100
const KEEP_BUILDS = 200
const KEEP_LOOSE_ENTRIES = 1000
/** Test runs of each pipeline that can be run again without fetching or building anything. */
const KEEP_TESTED = 3
/** Uploads that no build waits for are kept this long, ms. */
const KEEP_SOURCES_MS = 60 * 60_000

/** Clears away what nobody can need any more. */
export class Collector {
  readonly #deps: ServiceDeps
  readonly #sources: SourceService
  readonly #builds: BuildService

  constructor(deps: ServiceDeps, sources: SourceService, builds: BuildService) {
    this.#deps = deps
    this.#builds = builds
    this.#sources = sources
  }

  /** One round. What a rollback could need, what runs and what is on its way is kept. */
  async collect(): Promise<{ artifacts: number; sources: number; rollouts: number }> {
    return {
      artifacts: await this.#artifacts(),
      sources: await this.#uploads(),
      rollouts: await this.#history(),
    }
  }

  /**
   * First nothing may be rolled back to any more that will go, then its files go; so that a rollback in between
   * finds either both or neither.
   */
  async #artifacts(): Promise<number> {
    const { store, builder, settings } = this.#deps
    const { keep, going } = await store.transaction((tables) => parted(tables, settings.keepReleases))
    const images = await imagesToGo(store.tables, going, Date.now())
    const gone = new Set([...(await builder.collect(keep)), ...images])
    const spared = going.filter((digest) => !gone.has(digest))
    await store.transaction(async ({ artifacts }) => {
      for (const digest of spared) await artifacts.markPresent(digest)
    })
    await forgetOnHosts(this.#deps)
    return gone.size
  }

  async #uploads(): Promise<number> {
    const { builds, testRuns } = this.#deps.store.tables
    const waiting = (await builds.pending()).map((build) => build.sourceUrl)
    const again = (await testRuns.kept(KEEP_TESTED)).flatMap(({ sourceUrl }) => sourceUrl ?? [])
    return this.#sources.collect(Date.now() - KEEP_SOURCES_MS, [...waiting, ...again])
  }

  async #history(): Promise<number> {
    let trimmed = 0
    for (const id of await this.#deps.store.tables.apps.ids()) {
      await this.#builds.trim(id, KEEP_BUILDS)
      trimmed += await this.#deps.store.transaction(async (tables) => {
        await tables.journal.trimLoose(id, KEEP_LOOSE_ENTRIES)
        return tables.rollouts.trim(id, KEEP_ROLLOUTS)
      })
    }
    return trimmed
  }
}

async function parted(
  tables: Tables,
  releases: number,
): Promise<{ keep: ReadonlySet<string>; going: readonly string[] }> {
  const keep = new Set<string>(await tables.approvals.waitingArtifacts())
  for (const id of await tables.apps.ids())
    for (const digest of await needed(tables, (await tables.apps.byId(id))!, releases)) keep.add(digest)
  for (const { artifact } of await tables.testRuns.kept(KEEP_TESTED)) if (artifact) keep.add(artifact)
  const going = (await tables.artifacts.presentDigests()).filter((digest) => !keep.has(digest))
  for (const digest of going) await tables.artifacts.markCollected(digest, Date.now())
  return { keep, going }
}

async function needed(tables: Tables, app: App, releases: number): Promise<string[]> {
  const runs = (await tables.runs.open()).filter((run) => run.appId === app.id)
  return neededArtifacts(
    {
      releases: await tables.releases.list(app.id),
      serving: app.servingRelease,
      unfinished: await tables.rollouts.unfinished(app.id),
      runs: runs.map((run) => run.release),
    },
    releases,
  )
}
