import { randomUUID } from 'node:crypto'
import { TasukiError } from '../domain/errors.ts'
import type { SourceEvent } from '../domain/source-event.ts'
import type { App } from '../store/apps.ts'
import type { AutoDeploy } from '../store/auto-deploys.ts'
import type { BranchDeploy } from '../store/branch-deploys.ts'
import type { Tables } from '../store/tables.ts'
import { announce } from './announce.ts'
import type { BranchDeployRunner } from './branch-deploy-runner.ts'
import type { ServiceDeps } from './context.ts'
import { liveApp } from './live-app.ts'
import { currentVersion } from './rollouts.ts'

/** Of each app. */
const KEEP_DEPLOYS = 100
const MOST_LISTED = 100
/** What Git takes for a branch: no control characters, blanks, `..`, `@{`, nor what stands for something else in a pattern. */
const NO_BRANCH = /[\p{Cc}\s~^:?*[\\]|\.\.|@\{|\/\/|^[/.-]|[/.]$|\.lock$|^$/u
const MOST_BRANCH = 250

/** What somebody wants an app to follow. */
export interface AutoDeployWish {
  readonly branch: string
  readonly waitForTests: boolean
}

/**
 * Automatic deploys: an app follows a branch of its pipeline's repository, and each push to it is deployed; where it waits
 * for tests, when they have passed. A newer push takes the place of an older one that has not begun to be built.
 */
export class AutoDeployService {
  readonly #deps: ServiceDeps
  readonly #runner: BranchDeployRunner

  constructor(deps: ServiceDeps, runner: BranchDeployRunner) {
    this.#deps = deps
    this.#runner = runner
  }

  /** What a dead control plane was building is built anew. To be called before builds are tidied up. */
  prepare(): Promise<void> {
    return this.#runner.prepare()
  }

  /** Looks at all deploys that have not ended: at the start, and now and then. */
  look(): Promise<void> {
    return this.#runner.pokeAll()
  }

  /** Tests of the pipeline have ended, which somebody may wait for. */
  tested(pipelineId: string): void {
    this.#pokeAll(pipelineId).catch((error: unknown) => {
      const fields = { pipeline: pipelineId, error: String(error) }
      this.#deps.log.error(fields, 'Automatic deploys could not be looked at; again soon')
    })
  }

  async #pokeAll(pipelineId: string): Promise<void> {
    for (const { appId } of await this.#deps.store.tables.autoDeploys.ofPipeline(pipelineId))
      this.#runner.poke(appId)
  }

  /** Lets go; the next control plane goes on. To be called before builds are stopped. */
  stop(): Promise<void> {
    return this.#runner.stop()
  }

  /** The rule of the app. Throws `not_found` when it follows nothing. */
  async get(app: App): Promise<AutoDeploy> {
    const found = await this.#deps.store.tables.autoDeploys.ofApp(app.id)
    if (found) return found
    throw new TasukiError('not_found', `${app.name} is not deployed automatically.`, {
      next: `\`tasuki pipelines:autodeploy ${app.name} --branch main\` has it follow a branch.`,
    })
  }

  /**
   * Has the app follow a branch from the next push on, instead of any other. Throws `invalid_params` for what can be no
   * branch, and for an app that is in no pipeline or at its review stage.
   */
  async set(app: App, wish: AutoDeployWish, user: string): Promise<AutoDeploy> {
    const { branch, waitForTests } = wish
    checkBranch(branch)
    const at = Date.now()
    const rule = await this.#deps.store.transaction(async (tables) => {
      await liveApp(tables, app.id)
      const pipelineId = await pipelineOf(tables, app)
      const before = await tables.autoDeploys.ofApp(app.id)
      const createdAt = before?.createdAt ?? at
      const made = { appId: app.id, pipelineId, branch, waitForTests, user, createdAt, updatedAt: at }
      await tables.autoDeploys.put(made)
      return made
    })
    announce(this.#deps, app.id, `Automatic deploys of ${branch} enabled by ${user}`)
    this.#runner.poke(app.id)
    return rule
  }

  /** The app follows nothing any more; what waits is dropped, what is being built goes on. Throws `not_found`. */
  async remove(app: App, user: string): Promise<AutoDeploy> {
    const rule = await this.get(app)
    await this.#deps.store.tables.autoDeploys.delete(app.id)
    announce(this.#deps, app.id, `Automatic deploys of ${rule.branch} disabled by ${user}`)
    this.#runner.poke(app.id)
    return rule
  }

  /** What was deployed, or is about to be, newest first. */
  deploys(app: App): Promise<BranchDeploy[]> {
    return this.#deps.store.tables.branchDeploys.list(app.id, MOST_LISTED)
  }

  /** Takes an event of a repository up; the same one again changes nothing. */
  async handle(event: SourceEvent): Promise<void> {
    if (event.kind !== 'push' || event.commit === null) return
    const { branch, commit } = event
    const apps = await this.#deps.store.transaction(async (tables) => {
      const taken: string[] = []
      for (const rule of await tables.autoDeploys.ofBranch(event.pipelineId, branch))
        if (await take(tables, rule, event.id, commit)) taken.push(rule.appId)
      return taken
    })
    for (const appId of apps) this.#runner.poke(appId)
  }
}

/** Writes down that the commit is to be deployed; whether it did. */
async function take(
  tables: Tables,
  { appId, pipelineId, branch, waitForTests, user }: AutoDeploy,
  eventId: string,
  commit: { readonly sha: string; readonly message: string },
): Promise<boolean> {
  const at = Date.now()
  const app = await tables.apps.byId(appId)
  if (!app || app.destroyedAt !== null || (await serves(tables, appId, commit.sha))) return false
  const id = randomUUID()
  const message = commit.message.split('\n', 1)[0]!.slice(0, 200)
  const row = { id, eventId, appId, pipelineId, branch, commit: commit.sha, message, user, createdAt: at }
  if (!(await tables.branchDeploys.insert({ ...row, status: waitForTests ? 'waiting' : 'ready' })))
    return false
  for (const older of await tables.branchDeploys.open(appId)) {
    if (older.id === id || older.status === 'building' || older.status === 'rolling') continue
    const reason = `${commit.sha.slice(0, 8)} was pushed before it was built.`
    await tables.branchDeploys.change(older.id, { status: 'superseded', reason }, at)
  }
  await tables.branchDeploys.trim(appId, KEEP_DEPLOYS)
  return true
}

/** A push by Git to the app's own address has deployed it already. */
async function serves(tables: Tables, appId: string, commit: string): Promise<boolean> {
  const version = await currentVersion(tables, appId)
  return version !== null && (await tables.releases.byVersion(appId, version))?.commit === commit
}

async function pipelineOf(tables: Tables, app: App): Promise<string> {
  const coupling = await tables.couplings.ofApp(app.id)
  if (coupling === null)
    throw new TasukiError('invalid_params', `${app.name} is in no pipeline, so it has no branch to follow.`, {
      next: `Add it with \`tasuki pipelines:add PIPELINE -a ${app.name} --stage STAGE\`.`,
    })
  if (coupling.stage === 'review')
    throw new TasukiError('invalid_params', 'A review app follows the branch of its pull request.', {
      next: 'Choose an app at another stage.',
    })
  return coupling.pipelineId
}

function checkBranch(branch: string): void {
  if (branch.length <= MOST_BRANCH && !NO_BRANCH.test(branch)) return
  throw new TasukiError('invalid_params', `"${branch.slice(0, 60)}" can not be the name of a branch.`)
}
