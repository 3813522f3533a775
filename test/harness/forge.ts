import { execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json as jsonOf } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { delivered, type Payload, pullOf, pushOf } from '../../src/forge/testing.ts'

const git = promisify(execFile)
const NAME = 'Codertocat/Hello-World'

/** Where a forge tells what happens, and what it signs that with. */
export interface Hook {
  readonly url: string
  readonly secret: string
}

/** What was reported of a commit. */
export interface Report {
  readonly sha: string
  /** The context of a status, the environment of a deployment. */
  readonly subject: string
  readonly state: string
  readonly url: string | null
}

/**
 * A forge on loopback in the shape of GitHub, over a bare repository of real Git: commits, archives, statuses, deployments,
 * and webhooks with the payloads that GitHub has published.
 */
export class Forge {
  readonly fullName = NAME
  /** In the order in which they came. */
  readonly statuses: Report[] = []
  readonly deployments: Report[] = []
  readonly #server: Server
  /** The path of the repository. */
  readonly repository: string
  readonly #environments: { sha: string; environment: string }[] = []
  #hook: Hook | null = null
  #clock = Math.floor(Date.now() / 1000)

  private constructor(server: Server, repository: string) {
    this.#server = server
    this.repository = repository
  }

  static async start(): Promise<Forge> {
    const repository = await mkdtemp(join(tmpdir(), 'tasuki-forge-'))
    await git('git', ['init', '-q', '--bare', '-b', 'main', repository])
    const server = createServer((request, response) => void forge.#answer(request, response))
    const forge = new Forge(server, repository)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return forge
  }

  /** The base of its API. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** From now on it tells that address. */
  tell(hook: Hook): void {
    this.#hook = hook
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
    await rm(this.repository, { recursive: true })
  }

  /** The commit that a branch is at. */
  async head(branch: string): Promise<string> {
    return (await this.#git('rev-parse', `refs/heads/${branch}`)).trim()
  }

  /** Tells of a push that has arrived in the repository. */
  async pushed(branch: string, before?: string): Promise<void> {
    const after = await this.head(branch)
    const message = (await this.#git('log', '-1', '--format=%B', after)).trim()
    await this.#deliver('push', pushOf({ branch, before, after, message, pushedAt: this.#next() }))
  }

  /** Tells of pull request 2, which is that of the published payload, with another branch. */
  async pull(action: 'opened' | 'synchronize' | 'closed', branch: string, merged = false): Promise<void> {
    const sha = await this.head(branch)
    const { head } = pullOf(action, 0, sha).pull_request
    const more = { title: `Merge ${branch}`, merged, head: { ...head, ref: branch } }
    await this.#deliver('pull_request', pullOf(action, this.#next(), sha, more))
  }

  #next(): number {
    this.#clock += 1
    return this.#clock
  }

  async #deliver(event: string, payload: Payload): Promise<void> {
    const hook = this.#hook
    if (hook === null) return
    const { headers, body } = delivered(event, payload, hook.secret)
    const answer = await fetch(hook.url, { method: 'POST', headers, body })
    if (!answer.ok) throw new Error(`the webhook was answered with ${answer.status}: ${await answer.text()}`)
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodeURIComponent((request.url ?? '').split('?')[0]!).replace(`/repos/${NAME}`, '')
    try {
      if (request.method === 'POST') this.#take(path, await jsonOf(request), response)
      else await this.#give(path, response)
    } catch (error) {
      send(response, 404, { message: String(error) })
    }
  }

  #take(path: string, body: unknown, response: ServerResponse): void {
    const said = body as Record<string, string>
    const [, kind, id] = path.split('/')
    if (kind === 'statuses') {
      const { context: subject = '', state = '', target_url: url = null } = said
      this.statuses.push({ sha: id!, subject, state, url })
    } else if (id === undefined) {
      this.#environments.push({ sha: said.ref!, environment: said.environment! })
    } else {
      const { sha, environment: subject } = this.#environments[Number(id) - 1]!
      this.deployments.push({ sha, subject, state: said.state!, url: said.environment_url ?? null })
    }
    send(response, 201, { id: this.#environments.length })
  }

  async #give(path: string, response: ServerResponse): Promise<void> {
    const [, kind, ...rest] = path.split('/')
    const which = rest.join('/')
    if (kind === undefined) send(response, 200, about(this.url))
    else if (kind === 'tarball') this.#archive(which, response)
    else if (kind === 'commits') send(response, 200, await this.#commit(which))
    else if (kind === 'branches' && which !== '')
      send(response, 200, { name: which, commit: await this.#commit(`refs/heads/${which}`) })
    else if (kind === 'compare') {
      const ids = (await this.#git('rev-list', '--reverse', which.replace('...', '..'))).split('\n')
      const commits = await Promise.all(ids.filter((id) => id !== '').map((id) => this.#commit(id)))
      send(response, 200, { total_commits: commits.length, commits })
    } else send(response, 404, { message: 'Not Found' })
  }

  /** All in one folder, as GitHub packs it. */
  #archive(sha: string, response: ServerResponse): void {
    const prefix = `--prefix=${NAME.replace('/', '-')}-${sha.slice(0, 7)}/`
    const packing = spawn('git', ['-C', this.repository, 'archive', '--format=tar.gz', prefix, sha])
    response.writeHead(200, { 'content-type': 'application/x-gzip' })
    packing.stdout.pipe(response)
  }

  async #commit(which: string) {
    const out = await this.#git('log', '-1', '--format=%H%x00%an%x00%aI%x00%B', which)
    const [sha = '', name = '', date = '', message = ''] = out.split('\0')
    const author = { name, date }
    return { sha, commit: { message: message.trim(), author, committer: { date } } }
  }

  async #git(...args: readonly string[]): Promise<string> {
    return (await git('git', ['-C', this.repository, ...args])).stdout
  }
}

function about(url: string) {
  const id = 186853002
  return { id, full_name: NAME, default_branch: 'main', html_url: `${url}/${NAME}` }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
