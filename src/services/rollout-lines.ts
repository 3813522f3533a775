import type { Receipt } from '../domain/rollout.ts'
import type { ServiceDeps } from './context.ts'

/** Who speaks of rollouts in an app's log. */
const SPEAKER = 'rollout'

/** Says in the log of each app how its rollouts ended, and what that did to visitors. */
export class RolloutLines {
  readonly #deps: ServiceDeps
  #unlisten: (() => void) | null = null
  #telling: Promise<void> = Promise.resolve()

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  start(): void {
    this.#unlisten ??= this.#deps.engine.onFinished((rollout, appId) => {
      this.#telling = this.#telling
        .then(() => this.#tell(rollout, appId))
        .catch((error: unknown) => {
          this.#deps.log.warn(
            { rollout, error: String(error) },
            'The end of a rollout could not be said in the log',
          )
        })
    })
  }

  /** Resolves when all has been said. */
  async stop(): Promise<void> {
    this.#unlisten?.()
    this.#unlisten = null
    await this.#telling
  }

  async #tell(rollout: string, appId: string): Promise<void> {
    const receipt = await this.#deps.store.tables.rollouts.receipt(rollout)
    if (receipt) this.#deps.logs.append(appId, { dyno: SPEAKER, message: rolloutText(receipt) })
  }
}

/** The end of a rollout in a line. */
export function rolloutText({ outcome, from, to, served, lost, traffic, reason }: Receipt): string {
  const nobodyLooked = traffic.unseen === true && served + lost === 0
  const visitors = nobodyLooked ? 'its traffic was not seen' : `${served} requests served, ${lost} lost`
  const before = from === null || from === to ? '' : ` from v${from}`
  const why = reason === null ? '' : ` ${firstLine(reason)}`
  const staying = from === null ? '' : ` v${from} serves on.`
  switch (outcome) {
    case 'succeeded':
      return `v${to} took over${before}: ${visitors}`
    case 'superseded':
      return `The rollout to v${to} was superseded: ${visitors}`
    case 'failed':
      return `The rollout to v${to} failed:${why}${staying} ${visitors}`
    case 'returned':
      return `The rollout to v${to} was returned:${why}${staying} ${visitors}`
  }
}

/** Without the instance's last lines, which stand in the log already. */
function firstLine(reason: string): string {
  const [line = '', ...rest] = reason.split('\n')
  return rest.length === 0 ? line : line.replace(/ [^.]*:$/, '')
}
