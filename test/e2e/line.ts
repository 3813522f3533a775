import assert from 'node:assert/strict'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Clone } from '../../src/git/testing.ts'
import { Forge } from '../harness/forge.ts'
import { TestServer, until } from '../harness/index.ts'
import { visit } from '../harness/visit.ts'
import { type LoadReport, startLoad } from '../load/index.ts'
import { cloneOf, fileOfExample } from './line-clone.ts'

const NAME = 'shop-line'
const BOSS = 'boss@test'
const TESTS = 'continuous-integration/tasuki'

interface ReleaseView {
  readonly version: number
  readonly status: string
  readonly current: boolean
  readonly commit: string | null
  readonly tasuki: { readonly rollout_id: string | null }
}

interface TestRunView {
  readonly commit_sha: string
  readonly status: string
  readonly message: string | null
  readonly number: number
}

interface ReviewAppView {
  readonly status: string
  readonly app: { readonly id: string } | null
}

interface ChangeView {
  readonly steps: readonly {
    readonly kind: string
    readonly app: string | null
    readonly stage: string | null
    readonly status: string
    readonly receipt: { readonly lost: number } | null
  }[]
}

/** A pipeline as a team has it: a forge, an app at staging that follows main, two at production, and somebody who approves. */
export class Line {
  readonly production = ['shop', 'shop-us'] as const
  readonly server: TestServer
  readonly forge: Forge
  /** The example's own. */
  readonly rightPrices: string
  readonly #clone: Clone
  #loads: Awaited<ReturnType<typeof startLoad>>[] = []
  #boss = ''

  private constructor(server: TestServer, forge: Forge, clone: Clone, rightPrices: string) {
    this.server = server
    this.forge = forge
    this.rightPrices = rightPrices
    this.#clone = clone
  }

  static async start(): Promise<Line> {
    const forge = await Forge.start()
    const server = await TestServer.start({ env: { TASUKI_GITHUB_API: forge.url } })
    const rightPrices = await fileOfExample('prices.js')
    const line = new Line(server, forge, await cloneOf(server, forge), rightPrices)
    await line.#setUp()
    return line
  }

  async close(): Promise<void> {
    await this.endLoad()
    await this.server.close()
    await this.forge.close()
  }

  async #setUp(): Promise<void> {
    await this.#call('POST', '/pipelines', { name: NAME })
    for (const app of ['shop-staging', ...this.production]) {
      const database = await this.#database(app)
      await this.#call('POST', '/apps', { name: app })
      await this.#call('PATCH', `/apps/${app}/config-vars`, { DATABASE: database })
      const stage = app === 'shop-staging' ? 'staging' : 'production'
      await this.#call('POST', '/pipeline-couplings', { app, pipeline: NAME, stage })
    }
    const wish = { repo: this.forge.fullName, token: 'ghp_of_the_forge' }
    const { webhook } = await this.#call('POST', `/pipelines/${NAME}/repo`, wish)
    this.forge.tell(webhook)
    await this.#call('PATCH', `/tasuki/pipelines/${NAME}/tests`, { enabled: true })
    await this.#call('POST', `/pipelines/${NAME}/review-app-config`, {
      automatic_review_apps: true,
      base_name: NAME,
    })
    await this.#call('PUT', '/tasuki/apps/shop-staging/autodeploy', { branch: 'main', wait_for_ci: true })
  }

  /** A file that every release may write, whatever user it runs as. */
  async #database(app: string): Promise<string> {
    const folder = join(this.server.directory, `data-of-${app}`)
    await mkdir(folder)
    await chmod(folder, 0o777)
    await writeFile(this.#databaseOf(app), '')
    await chmod(this.#databaseOf(app), 0o666)
    return this.#databaseOf(app)
  }

  #databaseOf(app: string): string {
    return join(this.server.directory, `data-of-${app}`, 'shop.db')
  }

  /** Commits the files on that branch and pushes it; the forge tells of it. */
  async push(branch: string, files: Readonly<Record<string, string>>): Promise<string> {
    await this.#clone.must('checkout', '-q', branch)
    const before = await this.forge.head(branch).catch(() => undefined)
    const commit = await this.#clone.commit(files, `Change ${branch}`)
    await this.#clone.must('push', '-q', 'origin', branch)
    await this.forge.pushed(branch, before)
    return commit
  }

  async branch(name: string): Promise<void> {
    await this.#clone.must('checkout', '-q', '-b', name)
  }

  /** The pull request of that branch is merged; main has no commits of its own meanwhile. */
  async merge(branch: string): Promise<string> {
    const before = await this.forge.head('main')
    await this.#clone.must('checkout', '-q', 'main')
    await this.#clone.must('merge', '-q', '--ff-only', branch)
    await this.#clone.must('push', '-q', 'origin', 'main')
    await this.forge.pushed('main', before)
    await this.forge.pull('closed', branch, true)
    return this.forge.head('main')
  }

  /** The newest run of the commit has ended so, and the forge has heard of it. */
  async tested(commit: string, status: 'succeeded' | 'failed'): Promise<void> {
    const newest = async () => {
      const runs: TestRunView[] = await this.server.get(`/pipelines/${NAME}/test-runs`)
      const [run] = runs
        .filter(({ commit_sha }) => commit_sha === commit)
        .sort((one, other) => other.number - one.number)
      return run && ['succeeded', 'failed', 'errored', 'cancelled'].includes(run.status) ? run : null
    }
    const run = await until(`the tests of ${commit} to end`, newest, 120_000)
    assert.equal(run.status, status, `it ${run.status}: ${run.message}`)
    const state = status === 'succeeded' ? 'success' : 'failure'
    await until(`the forge to hear of ${state}`, () =>
      this.forge.statuses.some((one) => one.sha === commit && one.subject === TESTS && one.state === state),
    )
  }

  /** The commit serves in the app. */
  async deployed(app: string, commit: string): Promise<void> {
    await until(
      `${app} to serve ${commit}`,
      async () => {
        const current = (await this.#releases(app)).find((release) => release.current)
        return current?.commit === commit && current.status === 'succeeded'
      },
      120_000,
    )
  }

  /** The newest release of the app is of that commit and has failed; why. */
  async failed(app: string, commit: string): Promise<string> {
    const release = await until(
      `${app} to fail`,
      async () =>
        (await this.#releases(app)).find((one) => one.commit === commit && one.status === 'failed') ?? null,
      120_000,
    )
    return (await this.server.get(`/tasuki/rollouts/${release.tasuki.rollout_id}`)).reason
  }

  async servedCommit(app: string): Promise<string | null> {
    return (await this.#releases(app)).find(({ current }) => current)?.commit ?? null
  }

  #releases(app: string): Promise<ReleaseView[]> {
    return this.server.get(`/apps/${app}/releases`)
  }

  /** Promotes what serves at staging to both apps; the id of the approval that it waits for, '' when it waits for none. */
  async promote(): Promise<string> {
    const [pipeline, source, ...targets] = await Promise.all([
      this.server.get(`/pipelines/${NAME}`),
      ...['shop-staging', ...this.production].map((app) => this.server.get(`/apps/${app}`)),
    ])
    await this.#call('POST', '/pipeline-promotions', {
      pipeline: { id: pipeline.id },
      source: { app: { id: source.id } },
      targets: targets.map(({ id }) => ({ app: { id } })),
    })
    const [waiting] = await this.server.get('/tasuki/approvals')
    return waiting?.id ?? ''
  }

  /** From now on production waits for the boss. */
  async askForApproval(): Promise<void> {
    const { password } = await this.#call('POST', '/tasuki/users', { email: BOSS, admin: true })
    const basic = `Basic ${Buffer.from(`${BOSS}:${password}`).toString('base64')}`
    const answer = await fetch(`http://${this.server.api}/oauth/authorizations`, {
      method: 'POST',
      headers: { authorization: basic },
    })
    const { access_token: token } = (await answer.json()) as { access_token: { token: string } }
    this.#boss = token.token
    const rules = { approvals: 1, approvers: [BOSS] }
    await this.#call('PATCH', `/tasuki/pipelines/${NAME}/stages/production`, rules)
  }

  /** The boss approves. */
  async approve(approval: string): Promise<void> {
    assert.notEqual(approval, '', 'nothing waits')
    const answer = await fetch(`http://${this.server.api}/tasuki/approvals/${approval}/approve`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#boss}` },
    })
    assert.equal(answer.status, 200, await answer.text())
  }

  rollBack(app: string): Promise<unknown> {
    return this.#call('POST', `/tasuki/apps/${app}/rollback`)
  }

  /** Those that are not gone. */
  async reviewApps(): Promise<ReviewAppView[]> {
    return (await this.server.get(`/pipelines/${NAME}/review-apps`)).filter(
      ({ status }: ReviewAppView) => status !== 'deleted',
    )
  }

  /** The review app serves the commit, and the forge has heard of it; its address. */
  async reviewed(commit: string): Promise<string> {
    const name = await until(
      `a review app of ${commit}`,
      async () => {
        const [review] = await this.reviewApps()
        if (review?.status !== 'created' || review.app === null) return null
        const app = await this.server.get(`/apps/${review.app.id}`)
        return (await this.servedCommit(app.name)) === commit ? app.name : null
      },
      120_000,
    )
    const { url } = await until(
      'the forge to hear of the review app',
      () => this.forge.deployments.find((one) => one.sha === commit && one.state === 'success') ?? null,
    )
    assert.equal(new URL(url ?? '').hostname, this.server.host(name))
    return url!
  }

  /** What all shoes cost together, as visitors of that address see it. */
  async totalAt(url: string): Promise<number> {
    const { status, body } = await visit(this.server.url, new URL(url).hostname, '/')
    assert.equal(status, 200, body)
    return JSON.parse(body).total
  }

  async shoesOf(app: string): Promise<{ name: string; size?: number }[]> {
    const { body } = await visit(this.server.url, this.server.host(app), '/')
    return JSON.parse(body).shoes
  }

  /** Somebody enters one of the shoes once more. */
  sellTwice(app: string): void {
    const database = new DatabaseSync(this.#databaseOf(app), { timeout: 5_000 })
    database.exec('INSERT INTO shoes SELECT * FROM shoes LIMIT 1')
    database.close()
  }

  async startLoad(): Promise<void> {
    const { url } = this.server
    for (const app of this.production)
      this.#loads.push(await startLoad({ url, host: this.server.host(app), rates: { get: 80, fresh: 20 } }))
  }

  /** What became of the requests of each load. */
  async endLoad(): Promise<LoadReport[]> {
    const loads = this.#loads
    this.#loads = []
    for (const load of loads) await load.stop()
    return Promise.all(loads.map(({ ended }) => ended))
  }

  change(commit: string): Promise<ChangeView> {
    return this.server.get(`/tasuki/changes/${commit}`)
  }

  /** `status` of the approvals of that commit at the stage. */
  async statusesOf(commit: string, stage: string): Promise<string[]> {
    const { steps } = await this.change(commit)
    return steps.filter((one) => one.kind === 'approval' && one.stage === stage).map(({ status }) => status)
  }

  // biome-ignore lint/suspicious/noExplicitAny: the shapes of docs/api.md
  async #call(method: string, path: string, body?: unknown): Promise<any> {
    const { status, body: answer } = await this.server.call(method, path, body)
    assert.ok(status < 300, `${method} ${path}: ${status} ${JSON.stringify(answer)}`)
    return answer
  }
}
