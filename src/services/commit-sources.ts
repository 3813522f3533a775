import { TasukiError } from '../domain/errors.ts'
import type { Commit } from '../domain/source-event.ts'
import type { PipelineRepository } from '../store/pipeline-repositories.ts'
import type { Pipeline } from '../store/pipelines.ts'
import type { ServiceDeps } from './context.ts'
import { ForgeFailure, type ForgeRepository } from './forge-port.ts'
import type { Repositories } from './repositories.ts'
import type { SourceService } from './sources.ts'

const MOST_COMMITS = 100
const MOST_FILES = 1000
const COMMIT = /^[0-9a-f]{4,64}$/
const WHOLE = /^[0-9a-f]{40}([0-9a-f]{24})?$/
const MOST_BRANCH = 1000

/** As `BuildService.create` takes it. */
interface CommitSource {
  readonly url: string
  readonly version: string
}

/**
 * The commits of a pipeline's repository: that of a forge when it is connected to one, else the repositories of its apps in
 * Tasuki's own Git, taken together.
 */
export class CommitSources {
  readonly #deps: ServiceDeps
  readonly #repositories: Repositories
  readonly #sources: SourceService

  constructor(deps: ServiceDeps, repositories: Repositories, sources: SourceService) {
    this.#deps = deps
    this.#repositories = repositories
    this.#sources = sources
  }

  /** An upload with the files of that commit. Throws `not_found`, `invalid_source`. */
  async source(pipeline: Pipeline, sha: string): Promise<CommitSource> {
    const commit = commitId(sha)
    const forge = await this.#forge(pipeline)
    const path = await this.#sources.create()
    const [, , id, secret] = path.split('/')
    if (forge) {
      const whole = await this.#whole(forge, commit)
      const archive = await asked(forge, () => this.#deps.forge.archive(forge, whole))
      await this.#sources.put(id!, secret!, archive)
      return { url: path, version: whole }
    }
    const { appId, sha: whole } = await this.#kept(pipeline, commit)
    await this.#sources.put(id!, secret!, this.#repositories.archive(appId, whole))
    return { url: path, version: whole }
  }

  /** By its id or the beginning of it. Throws `not_found`, `invalid_source`. */
  async commit(pipeline: Pipeline, sha: string): Promise<Commit> {
    const commit = commitId(sha)
    const forge = await this.#forge(pipeline)
    if (forge) return asked(forge, () => this.#deps.forge.commit(forge, commit))
    const { appId, sha: whole } = await this.#kept(pipeline, commit)
    const [found] = await this.#repositories.commits(appId, whole, null, 1)
    return found ?? missingCommit(commit)
  }

  /** Throws `not_found`, `invalid_source`. */
  async branchHead(pipeline: Pipeline, branch: string): Promise<Commit> {
    if (branch === '' || branch.length > MOST_BRANCH) throw noBranch(branch)
    const forge = await this.#forge(pipeline)
    if (forge) return asked(forge, () => this.#deps.forge.head(forge, branch), noBranch(branch))
    const heads = (await this.#ownBranches(pipeline)).filter(({ name }) => name === branch)
    const commits = await Promise.all(
      heads.map(async ({ appId, sha }) => (await this.#repositories.commits(appId, sha, null, 1))[0]),
    )
    // Pushed to several apps, the youngest is what was pushed last, unless somebody went back.
    const [newest] = commits.filter((one) => one !== undefined).sort((a, b) => (b.at ?? 0) - (a.at ?? 0))
    if (newest) return newest
    throw noBranch(branch)
  }

  /** By name. Throws `not_found`, `invalid_source`. */
  async branches(pipeline: Pipeline): Promise<{ readonly name: string; readonly sha: string }[]> {
    const forge = await this.#forge(pipeline)
    if (forge) return asked(forge, () => this.#deps.forge.branches(forge))
    const all = await this.#ownBranches(pipeline)
    const byName = new Map(all.map(({ name, sha }) => [name, { name, sha }]))
    return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /**
   * The commits that `to` has and `from` has not, newest first, at most 100. Throws `not_found` when one of them is
   * unknown, `invalid_source`.
   */
  async between(pipeline: Pipeline, from: string, to: string): Promise<Commit[]> {
    const [older, newer] = [commitId(from), commitId(to)]
    const forge = await this.#forge(pipeline)
    if (forge) return asked(forge, () => this.#deps.forge.between(forge, older, newer))
    for (const appId of await this.#apps(pipeline)) {
      const ids = [older, newer].map((one) => this.#repositories.commitOf(appId, one))
      const [a, b] = await Promise.all(ids)
      if (a && b) return this.#repositories.commits(appId, b, a, MOST_COMMITS)
    }
    throw new TasukiError('not_found', `No repository of ${pipeline.name} has both of these commits.`, {
      next: 'Push both of them to one of its apps.',
      details: { resource: 'commit' },
    })
  }

  /** Names of the files in which two commits differ, at most 1,000; null where nobody knows, as with those of a forge. */
  async changedFiles(pipeline: Pipeline, from: string, to: string): Promise<string[] | null> {
    if (!COMMIT.test(from) || !COMMIT.test(to) || (await this.#forge(pipeline))) return null
    for (const appId of await this.#apps(pipeline)) {
      const files = await this.#repositories.changedFiles(appId, from, to, MOST_FILES)
      if (files !== null) return files
    }
    return null
  }

  async #forge(pipeline: Pipeline): Promise<ForgeRepository | null> {
    const found = await this.#deps.store.tables.pipelineRepositories.of(pipeline.id)
    return found === null ? null : forgeRepository(found)
  }

  /** Asked for only when the id is not whole: each question to a forge takes its time. */
  async #whole(forge: ForgeRepository, commit: string): Promise<string> {
    if (WHOLE.test(commit)) return commit
    return (await asked(forge, () => this.#deps.forge.commit(forge, commit))).sha
  }

  async #apps(pipeline: Pipeline): Promise<string[]> {
    const couplings = await this.#deps.store.tables.couplings.ofPipeline(pipeline.id)
    return couplings.map(({ appId }) => appId)
  }

  async #ownBranches(pipeline: Pipeline) {
    const ofApp = async (appId: string) =>
      (await this.#repositories.branches(appId)).map((branch) => ({ ...branch, appId }))
    return (await Promise.all((await this.#apps(pipeline)).map(ofApp))).flat()
  }

  /** Which app's repository has it. */
  async #kept(pipeline: Pipeline, commit: string): Promise<{ appId: string; sha: string }> {
    for (const appId of await this.#apps(pipeline)) {
      const sha = await this.#repositories.commitOf(appId, commit)
      if (sha !== null) return { appId, sha }
    }
    return missingCommit(commit)
  }
}

export function forgeRepository({ fullName, secrets }: PipelineRepository): ForgeRepository {
  return { fullName, token: secrets.token }
}

/** What the forge answers; what it does not know, or does not show us, in our words. */
async function asked<T>(
  { fullName, token }: ForgeRepository,
  call: () => Promise<T>,
  missing?: TasukiError,
): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (!(error instanceof ForgeFailure)) throw error
    const unseen = error.status === 404 || error.status === 422
    if (unseen && missing) throw missing
    const hint =
      token === null ? 'Give it a token with `tasuki pipelines:connect --token`, if it is private.' : ''
    if (unseen)
      throw new TasukiError('not_found', `${fullName} has no such commit, or does not show it.`, {
        next: hint || 'Check the commit, and what the token is good for.',
        details: { resource: 'commit' },
        cause: error,
      })
    throw new TasukiError('invalid_source', `${fullName}: ${error.message}`, {
      next: error.lasting ? hint || 'Check what the token is good for.' : 'Try again in a moment.',
      cause: error,
    })
  }
}

function commitId(text: string): string {
  if (COMMIT.test(text)) return text
  throw new TasukiError('invalid_source', `"${text.slice(0, 80)}" is not the id of a commit.`, {
    next: 'Give it in hex digits, at least four of them.',
  })
}

function missingCommit(commit: string): never {
  throw new TasukiError('not_found', `No repository of the pipeline has the commit ${commit.slice(0, 12)}.`, {
    next: 'Push it to one of its apps first.',
    details: { resource: 'commit' },
  })
}

function noBranch(branch: string): TasukiError {
  return new TasukiError('not_found', `There is no branch "${branch.slice(0, 100)}".`, {
    next: 'Push it first, or check its name.',
    details: { resource: 'branch' },
  })
}
