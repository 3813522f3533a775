import { Readable } from 'node:stream'
import type { Static, TSchema } from 'typebox'
import type { Commit } from '../domain/source-event.ts'
import {
  type Forge,
  type ForgeAbout,
  type ForgeDeployment,
  ForgeFailure,
  type ForgeRepository,
  type ForgeStatus,
} from '../services/forge-port.ts'
import { VERSION } from '../version.ts'
import {
  AboutShape,
  BranchListShape,
  BranchShape,
  CommitShape,
  CompareShape,
  DeploymentShape,
  shaped,
} from './github-shapes.ts'
import { read, verify } from './github-webhooks.ts'

const API_VERSION = '2022-11-28'
/** For one call; an archive may take longer to come whole. */
const CALL_MS = 15_000
const ARCHIVE_MS = 10 * 60_000
/** Characters of a description that GitHub takes. */
const MOST_DESCRIPTION = 140
const MOST_COMMITS = 100

interface Call {
  readonly method?: 'GET' | 'POST'
  readonly body?: unknown
  readonly ms?: number
}

/** GitHub, by its REST API; a GitHub of one's own as well, by the address of its API. */
export class GitHub implements Forge {
  readonly verify = verify
  readonly read = read
  readonly #api: string

  /** `api`: where the API is, as `https://api.github.com`. */
  constructor(api: string) {
    this.#api = api.replace(/\/+$/, '')
  }

  async about(repository: ForgeRepository): Promise<ForgeAbout> {
    const about = await this.#json(repository, '', AboutShape)
    const { id, full_name: fullName, default_branch: defaultBranch, html_url: url } = about
    return { id: String(id), fullName, defaultBranch, url }
  }

  async commit(repository: ForgeRepository, sha: string): Promise<Commit> {
    return commitOf(await this.#json(repository, `/commits/${encodeURIComponent(sha)}`, CommitShape))
  }

  async head(repository: ForgeRepository, branch: string): Promise<Commit> {
    const path = `/branches/${encodeURIComponent(branch)}`
    return commitOf((await this.#json(repository, path, BranchShape)).commit)
  }

  async branches(repository: ForgeRepository): Promise<{ name: string; sha: string }[]> {
    const all = await this.#json(repository, '/branches?per_page=100', BranchListShape)
    return all.map(({ name, commit }) => ({ name, sha: commit.sha }))
  }

  /** GitHub answers page by page, oldest first, so that the newest stand on the last pages. */
  async between(repository: ForgeRepository, from: string, to: string): Promise<Commit[]> {
    const page = (number: number) =>
      this.#json(
        repository,
        `/compare/${encodeURIComponent(from)}...${encodeURIComponent(to)}?per_page=${MOST_COMMITS}&page=${number}`,
        CompareShape,
      )
    const first = await page(1)
    const pages = Math.ceil(first.total_commits / MOST_COMMITS)
    if (pages <= 1) return first.commits.map(commitOf).reverse()
    const before = pages === 2 ? first : await page(pages - 1)
    const all = [...before.commits, ...(await page(pages)).commits]
    return all.slice(-MOST_COMMITS).map(commitOf).reverse()
  }

  async archive(repository: ForgeRepository, sha: string): Promise<Readable> {
    const path = `/tarball/${encodeURIComponent(sha)}`
    // A redirect leads to another host, to which `fetch` does not carry the token.
    const answer = await this.#call(repository, path, { ms: ARCHIVE_MS })
    if (!answer.body) throw new ForgeFailure('GitHub sent no archive.', { status: null })
    return Readable.fromWeb(answer.body)
  }

  async status(repository: ForgeRepository, sha: string, status: ForgeStatus): Promise<void> {
    const { context, state, description, url } = status
    const body = { state, context, description: description.slice(0, MOST_DESCRIPTION), target_url: url }
    await this.#send(repository, `/statuses/${encodeURIComponent(sha)}`, body)
  }

  async deploy(repository: ForgeRepository, sha: string, environment: string): Promise<string> {
    const body = {
      ref: sha,
      environment,
      // What we deploy has been decided here; GitHub shall neither merge nor ask for checks.
      auto_merge: false,
      required_contexts: [],
      transient_environment: /^review/.test(environment),
      production_environment: environment === 'production',
      description: 'Deployed by Tasuki',
    }
    const answer = await this.#call(repository, '/deployments', { method: 'POST', body })
    const made = shaped(DeploymentShape, await answer.json())
    if (made) return String(made.id)
    throw new ForgeFailure('GitHub answered for a deployment with something else.', { status: null })
  }

  async deploymentStatus(
    repository: ForgeRepository,
    id: string,
    deployment: ForgeDeployment,
  ): Promise<void> {
    const { state, description, url } = deployment
    const about = { state, description: description.slice(0, MOST_DESCRIPTION), auto_inactive: false }
    const body = url === null ? about : { ...about, environment_url: url, log_url: url }
    await this.#send(repository, `/deployments/${encodeURIComponent(id)}/statuses`, body)
  }

  async #send(repository: ForgeRepository, path: string, body: unknown): Promise<void> {
    const answer = await this.#call(repository, path, { method: 'POST', body })
    await answer.body?.cancel()
  }

  async #json<T extends TSchema>(repository: ForgeRepository, path: string, schema: T): Promise<Static<T>> {
    const answer = await this.#call(repository, path)
    const value = shaped(schema, await answer.json().catch(() => null))
    if (value !== null) return value
    throw new ForgeFailure(`GitHub's answer for ${repository.fullName} is not what was expected.`, {
      status: null,
    })
  }

  /** Throws `ForgeFailure` unless all went well. */
  async #call({ fullName, token }: ForgeRepository, path: string, call: Call = {}): Promise<Response> {
    const { method = 'GET', body, ms = CALL_MS } = call
    const headers = {
      accept: 'application/vnd.github+json',
      'user-agent': `tasuki/${VERSION}`,
      'x-github-api-version': API_VERSION,
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    }
    const repo = fullName.split('/').map(encodeURIComponent).join('/')
    const answer = await fetch(`${this.#api}/repos/${repo}${path}`, {
      method,
      headers,
      signal: AbortSignal.timeout(ms),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((cause: unknown) => {
      throw new ForgeFailure('GitHub could not be reached.', { status: null, cause })
    })
    if (answer.ok) return answer
    throw await failureOf(answer)
  }
}

async function failureOf(answer: Response): Promise<ForgeFailure> {
  const { status } = answer
  const said = (await answer.json().catch(() => null)) as { message?: unknown } | null
  const message = typeof said?.message === 'string' ? `: ${said.message.slice(0, 200)}` : ''
  return new ForgeFailure(`GitHub answered ${status}${message}.`, { status, retryAfterMs: pauseOf(answer) })
}

/** How long GitHub wants us to wait; null unless it has limited us. */
function pauseOf({ status, headers }: Response): number | null {
  if (status !== 403 && status !== 429) return null
  const seconds = Number(headers.get('retry-after') ?? Number.NaN)
  if (seconds >= 0) return seconds * 1000
  if (headers.get('x-ratelimit-remaining') !== '0') return null
  const reset = Number(headers.get('x-ratelimit-reset') ?? Number.NaN)
  return Number.isFinite(reset) ? Math.max(1000, reset * 1000 - Date.now()) : null
}

function commitOf({ sha, commit }: Static<typeof CommitShape>): Commit {
  const { message, author, committer } = commit
  const at = Date.parse(committer?.date ?? author?.date ?? '')
  return { sha, message, author: author?.name ?? null, at: Number.isNaN(at) ? null : at }
}
