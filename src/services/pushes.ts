import { randomUUID } from 'node:crypto'
import { asTasukiError, originOf, TasukiError } from '../domain/errors.ts'
import type { Receipt, Rollout } from '../domain/rollout.ts'
import type { App } from '../store/apps.ts'
import type { Push } from '../store/pushes.ts'
import { branchFollowers } from './branch-followers.ts'
import type { BuildService } from './builds.ts'
import type { ServiceDeps } from './context.ts'
import { liveApp } from './live-app.ts'
import type { BranchMove, PushedBranches } from './pushed-branches.ts'
import { refuseUndeployable } from './pushes-check.ts'
import { type Followed, PushFollower } from './pushes-follow.ts'
import { planPush, type RefChange, type Step, shortName } from './pushes-plan.ts'
import { KeyedQueue } from './queue.ts'
import type { Repositories } from './repositories.ts'
import type { RolloutEvent, RolloutEvents } from './rollout-events.ts'
import type { SourceService } from './sources.ts'

const KEEP_PUSHES = 100
const BRANCHES = 'refs/heads/'

/** What becomes known while a push is carried out. */
export type PushNews =
  | { readonly news: 'waiting' }
  | { readonly news: 'removed'; readonly change: RefChange }
  /** `followers`: names of the apps that are deployed from it by themselves. */
  | { readonly news: 'kept'; readonly change: RefChange; readonly followers: readonly string[] }
  | { readonly news: 'deploying'; readonly change: RefChange; readonly rewound: boolean }
  | { readonly news: 'build'; readonly text: string }
  | {
      readonly news: 'rollout'
      readonly app: string
      readonly rollout: Rollout
      readonly event: RolloutEvent | null
    }
  | {
      readonly news: 'deployed'
      readonly app: App
      readonly rollout: Rollout
      readonly receipt: Receipt | null
    }
  | { readonly news: 'failed'; readonly rollout: Rollout; readonly receipt: Receipt | null }
  | { readonly news: 'refused'; readonly change: RefChange; readonly message: string; readonly next: string }

/** How a change of a ref ended: `refused` is the reason in a few words, null when it was made. */
export interface Verdict {
  readonly ref: string
  readonly refused: string | null
}

/** What somebody pushes. */
export interface Pushed {
  readonly app: App
  readonly user: string
  readonly changes: readonly RefChange[]
  readonly atomic: boolean
  /** Hears of everything at once; must neither throw nor wait. Whether anybody listens changes nothing. */
  readonly tell: (news: PushNews) => void
}

export interface PushParts {
  readonly repositories: Repositories
  readonly sources: SourceService
  readonly branches: PushedBranches
  readonly builds: BuildService
  readonly rolloutEvents: RolloutEvents
}

/**
 * Pushes by Git. One to main or master is deployed, and its ref moves only when the rollout has succeeded; what is being
 * deployed is written down, so that a control plane that was killed takes it up again.
 */
export class PushService {
  readonly #deps: ServiceDeps
  readonly #parts: PushParts
  readonly #follower: PushFollower
  /** One deploy of an app at a time. */
  readonly #queue = new KeyedQueue(Number.POSITIVE_INFINITY)
  readonly #deploying = new Map<string, number>()
  readonly #running = new Set<Promise<void>>()
  readonly #stopped = new AbortController()

  constructor(deps: ServiceDeps, parts: PushParts) {
    this.#deps = deps
    this.#parts = parts
    this.#follower = new PushFollower(deps, parts, this.#stopped.signal)
  }

  /** Takes up what a control plane that is gone had begun. Builds must have been tidied up before. */
  async start(): Promise<void> {
    await this.#parts.repositories.start()
    await this.#parts.branches.start()
    for (const push of await this.#deps.store.tables.pushes.pending())
      void this.#inTurn(push.appId, () => this.#takeUp(push))
  }

  /** Lets go of what is being followed: the next control plane takes it up. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    await Promise.allSettled(this.#running)
  }

  /** Carries out a push to its end, ref by ref. Never throws: what can not be done is refused. */
  async receive(pushed: Pushed): Promise<Verdict[]> {
    const verdicts: Verdict[] = []
    for (const step of planPush(pushed.changes, pushed.atomic)) {
      const spoilt = pushed.atomic && verdicts.some(({ refused }) => refused !== null)
      const refused = spoilt ? 'the push is atomic' : await this.#carryOut(pushed, step)
      verdicts.push({ ref: step.change.ref, refused })
    }
    return verdicts
  }

  async #carryOut(pushed: Pushed, step: Step): Promise<string | null> {
    try {
      if (step.step === 'refuse') throw new TasukiError('invalid_params', `${step.reason}.`, { next: '' })
      if (step.step === 'deploy')
        await this.#inTurn(pushed.app.id, () => this.#deploy(pushed, step.change), pushed)
      else await this.#keep(pushed, step.change)
      return null
    } catch (error) {
      return this.#refusal(pushed, step.change, error)
    }
  }

  /** Tells why, unless that has been told already, and says it in a few words. */
  #refusal({ app, tell }: Pick<Pushed, 'app' | 'tell'>, change: RefChange, thrown: unknown): string {
    const error = asTasukiError(thrown)
    if (error.code === 'internal')
      this.#deps.log.error({ app: app.id, error: originOf(error) }, 'A push could not be carried out')
    if (error.details.told !== true)
      tell({ news: 'refused', change, message: error.message, next: error.next })
    return error.message.split('\n')[0]!.replace(/[.\s]+$/, '')
  }

  async #keep({ app, user, tell }: Pushed, change: RefChange): Promise<void> {
    const { repositories } = this.#parts
    if (change.to !== null) {
      const isBranch = change.ref.startsWith(BRANCHES)
      if (isBranch && (await repositories.commitOf(app.id, change.to)) !== change.to)
        throw new TasukiError('invalid_source', 'A branch must be at a commit.')
    }
    await this.#move({ id: randomUUID(), appId: app.id, user, change })
    if (change.to === null) tell({ news: 'removed', change })
    else tell({ news: 'kept', change, followers: await this.#followers(app, change) })
  }

  #followers({ id }: App, { ref }: RefChange): Promise<readonly string[]> | readonly string[] {
    return ref.startsWith(BRANCHES)
      ? branchFollowers(this.#deps.store.tables, id, ref.slice(BRANCHES.length))
      : []
  }

  async #deploy(pushed: Pushed, change: RefChange): Promise<void> {
    const { app, user, tell } = pushed
    if ((await this.#parts.repositories.idOf(app.id, change.ref)) === change.to) return
    const commit = await this.#checked(app, change)
    const id = randomUUID()
    const { ref, from } = change
    const row = { id, appId: app.id, ref, fromCommit: from, toCommit: commit, user, createdAt: Date.now() }
    await this.#deps.store.transaction(async (tables) => {
      await liveApp(tables, app.id)
      await tables.pushes.insert(row)
    })
    const push = { ...row, buildId: null, state: 'pending', reason: null, endedAt: null } as const
    const rewound = from !== null && !(await this.#parts.repositories.contains(app.id, commit, from))
    tell({ news: 'deploying', change, rewound })
    await this.#settle(push, tell, async () => this.#follower.follow(await this.#build(app, push), tell))
  }

  /** The commit, once it is sure that it can be deployed at all and that nobody was quicker. */
  async #checked({ id }: App, change: RefChange): Promise<string> {
    const { repositories } = this.#parts
    if ((await repositories.idOf(id, change.ref)) !== change.from) throw overtaken(change)
    const commit = await repositories.commitOf(id, change.to!)
    if (commit === null || commit !== change.to)
      throw new TasukiError('invalid_source', 'A branch must be at a commit.')
    refuseUndeployable(await repositories.contents(id, commit))
    return commit
  }

  async #build(app: App, push: Push): Promise<Push> {
    const { repositories, sources, builds } = this.#parts
    const path = await sources.create()
    const [, , source, secret] = path.split('/')
    await sources.put(source!, secret!, repositories.archive(app.id, push.toCommit))
    const build = await builds.create(app, { url: path, version: push.toCommit }, push.user)
    await this.#deps.store.tables.pushes.building(push.id, build.id)
    return { ...push, buildId: build.id }
  }

  /** Ends a push as its deploy ends: the ref moves, or it is written down why not. */
  async #settle(push: Push, tell: Pushed['tell'], deploy: () => Promise<Followed>): Promise<void> {
    const { pushes } = this.#deps.store.tables
    try {
      const { app, rollout, receipt } = await deploy()
      await this.#moveTo(push)
      await this.#parts.repositories.setHead(push.appId, push.ref)
      await pushes.end(push.id, null, Date.now())
      tell({ news: 'deployed', app, rollout, receipt })
    } catch (error) {
      // What was only let go of is not over.
      if (!this.#stopped.signal.aborted) await pushes.end(push.id, asTasukiError(error).message, Date.now())
      throw error
    }
    await pushes.trim(push.appId, KEEP_PUSHES)
  }

  async #takeUp(push: Push): Promise<void> {
    await this.#settle(
      push,
      () => undefined,
      () => this.#follower.follow(push, () => undefined),
    ).catch((error: unknown) => {
      const { message } = asTasukiError(error)
      this.#deps.log.info({ app: push.appId, commit: push.toCommit }, `A push was not completed: ${message}`)
    })
  }

  async #moveTo({ id, appId, user, ref, fromCommit: from, toCommit: to }: Push): Promise<void> {
    await this.#move({ id, appId, user, change: { ref, from, to } })
  }

  async #move(move: BranchMove): Promise<void> {
    const { ref, from, to } = move.change
    await this.#parts.branches.moving(move, async () => {
      const moved = await this.#parts.repositories.change(move.appId, ref, from, to)
      if (!moved) throw overtaken(move.change)
    })
  }

  /** Runs `work` when no other push of the app is being deployed, and says so when that means waiting. */
  async #inTurn(appId: string, work: () => Promise<void>, pushed?: Pushed): Promise<void> {
    const ahead = this.#deploying.get(appId) ?? 0
    if (ahead > 0) pushed?.tell({ news: 'waiting' })
    this.#deploying.set(appId, ahead + 1)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#running.add(promise)
    this.#queue.add(appId, async () => {
      await this.#unlessStopped(work).then(resolve, reject)
      this.#leave(appId)
      await this.#tidy(appId)
    })
    await promise.finally(() => this.#running.delete(promise))
  }

  async #unlessStopped(work: () => Promise<void>): Promise<void> {
    if (this.#stopped.signal.aborted)
      throw new TasukiError('conflict', 'The server is being stopped.', { next: 'Push again.' })
    await work()
  }

  #leave(appId: string): void {
    const left = (this.#deploying.get(appId) ?? 1) - 1
    if (left > 0) this.#deploying.set(appId, left)
    else this.#deploying.delete(appId)
  }

  async #tidy(appId: string): Promise<void> {
    if (this.#stopped.signal.aborted) return
    await this.#parts.repositories.tidy(appId).catch((error: unknown) => {
      this.#deps.log.warn({ app: appId, error: String(error) }, 'A repository could not be tidied up')
    })
  }
}

function overtaken({ ref }: RefChange): TasukiError {
  return new TasukiError('conflict', `${shortName(ref)} was moved by another push meanwhile.`, {
    next: 'Run `git fetch`, look at what came, and push again.',
  })
}
