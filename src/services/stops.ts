import type { App } from '../store/apps.ts'
import type { RestartService } from './restarts.ts'
import { RUN_TYPE } from './run-wish.ts'
import type { RunService } from './runs.ts'

/**
 * Ends instances. What belongs to the formation is replaced by fresh instances, since the formation still wants them:
 * through the hand-over, as a restart, so that no request is lost. One-off instances are ended for good.
 */
export class StopService {
  readonly #restarts: RestartService
  readonly #runs: RunService

  constructor(restarts: RestartService, runs: RunService) {
    this.#restarts = restarts
    this.#runs = runs
  }

  /** One instance, by name (`run.4711`, `web.1`) or id. Throws `not_found`. */
  async one(app: App, which: string, user: string): Promise<void> {
    const run = this.#runs.named(app, which)
    if (run) await this.#runs.end(run, user)
    else await this.#restarts.instance(app, which, user)
  }

  /** All of a process type; `run` for all one-off instances. Throws `not_found`. */
  async type(app: App, type: string, user: string): Promise<void> {
    if (type !== RUN_TYPE) await this.#restarts.type(app, type, user)
    else await Promise.all(this.#runs.open(app).map((run) => this.#runs.end(run, user)))
  }
}
