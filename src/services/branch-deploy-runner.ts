import { setTimeout as pause } from 'node:timers/promises'
import { asTasukiError, originOf } from '../domain/errors.ts'
import type { BranchDeploy } from '../store/branch-deploys.ts'
import { type BranchDeployParts, nextOf, reportDeploy } from './branch-deploy-steps.ts'
import type { ServiceDeps } from './context.ts'

/** Between two looks at a build or a rollout that goes on, ms. */
const LOOK_MS = 250

/**
 * Carries branch deploys on: each step is written down when it is done, so that a control plane that starts again goes on
 * where the last one was. One app's are looked at one after the other, and at most one of them is being built.
 */
export class BranchDeployRunner {
  readonly #deps: ServiceDeps
  readonly #parts: BranchDeployParts
  readonly #stopped = new AbortController()
  /** By app; `again`: somebody asked for another look meanwhile. */
  readonly #running = new Map<string, { ended: Promise<void>; again: boolean }>()

  constructor(deps: ServiceDeps, parts: BranchDeployParts) {
    this.#deps = deps
    this.#parts = parts
  }

  get #table() {
    return this.#deps.store.tables.branchDeploys
  }

  /** A build that a dead control plane began is begun anew. To be called before builds are tidied up. */
  async prepare(): Promise<void> {
    const { builds } = this.#deps.store.tables
    for (const appId of await this.#table.busyApps())
      for (const { id, status, buildId } of await this.#table.open(appId))
        if (status === 'building' && (await builds.byId(buildId!))?.status === 'pending')
          await this.#table.change(id, { status: 'ready', buildId: null }, Date.now())
  }

  /** Looks at all that have not ended. */
  async pokeAll(): Promise<void> {
    for (const appId of await this.#table.busyApps()) this.poke(appId)
  }

  /** Looks at those of the app soon; returns at once. */
  poke(appId: string): void {
    if (this.#stopped.signal.aborted) return
    const running = this.#running.get(appId)
    if (running) running.again = true
    else {
      const run = { again: false, ended: Promise.resolve() }
      this.#running.set(appId, run)
      run.ended = this.#seeThrough(appId, run)
    }
  }

  /** Lets go of them; the next start goes on. To be called before builds are stopped. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    await Promise.all([...this.#running.values()].map(({ ended }) => ended))
    await this.prepare()
  }

  async #seeThrough(appId: string, run: { again: boolean }): Promise<void> {
    const { signal } = this.#stopped
    do {
      run.again = false
      const moving = await this.#round(appId)
      if (moving) await pause(LOOK_MS, undefined, { signal }).catch(() => undefined)
      if (moving) run.again = true
    } while (run.again && !signal.aborted)
    this.#running.delete(appId)
  }

  /** A step of each; whether any is on its way by itself. What only waits is looked at when somebody asks for it. */
  async #round(appId: string): Promise<boolean> {
    try {
      for (;;) {
        const open = await this.#table.open(appId)
        let changed = false
        for (const deploy of open) changed = (await this.#step(deploy, open)) || changed
        if (this.#stopped.signal.aborted) return false
        if (!changed) return open.some(({ status }) => status === 'building' || status === 'rolling')
      }
    } catch (error) {
      this.#deps.log.error({ app: appId, error: String(error) }, 'Automatic deploys halted; again soon')
      return true
    }
  }

  /** True when something has changed. */
  async #step(deploy: BranchDeploy, open: readonly BranchDeploy[]): Promise<boolean> {
    if (this.#stopped.signal.aborted) return false
    try {
      const change = await nextOf(this.#deps, this.#parts, deploy, open)
      if (change === null || this.#stopped.signal.aborted) return false
      await this.#table.change(deploy.id, change, Date.now())
      return true
    } catch (thrown) {
      if (this.#stopped.signal.aborted) return false
      const error = asTasukiError(thrown)
      if (error.code === 'internal')
        this.#deps.log.error({ deploy: deploy.id, error: originOf(error) }, 'An automatic deploy broke')
      await reportDeploy(this.#deps, this.#parts, deploy, 'failure', error.message)
      await this.#table.change(deploy.id, { status: 'failed', reason: error.message }, Date.now())
      return true
    }
  }
}
