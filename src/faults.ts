import { TasukiError } from './domain/errors.ts'
import { OPERATION_KINDS, type OperationKind } from './domain/rollout.ts'
import type { EngineDeps } from './rollout/deps.ts'
import type { BackendKey, BackendView, Router } from './rollout/ports.ts'

/**
 * Faults that tests ask for by `TASUKI_FAULT`, so that what protects against them can be shown to matter.
 * Never set it on a server that people use.
 *
 * - `kill:before:KIND`, `kill:after:KIND`: ends this process by SIGKILL around the effect of the next such operation.
 * - `no-drain`: instances are told to end while the router still sends them requests.
 */
export interface Faults {
  readonly checkpoint: EngineDeps['checkpoint']
  readonly router: (router: Router) => Router
}

/** Throws `invalid_params` for a fault that does not exist. */
export function faultsFrom(text: string | undefined): Faults {
  const none: Faults = { checkpoint: undefined, router: (router) => router }
  if (!text) return none
  if (text === 'no-drain') return { ...none, router: (router) => new UndrainedRouter(router) }
  const [verb, when, kind] = text.split(':')
  if (
    verb === 'kill' &&
    (when === 'before' || when === 'after') &&
    OPERATION_KINDS.includes(kind as OperationKind)
  ) {
    return { ...none, checkpoint: killer(when, kind as OperationKind) }
  }
  throw new TasukiError('invalid_params', `TASUKI_FAULT="${text}" is no fault that is known.`)
}

function killer(when: 'before' | 'after', kind: OperationKind): EngineDeps['checkpoint'] {
  return (at, operation) => {
    if (at === when && operation === kind) process.kill(process.pid, 'SIGKILL')
  }
}

/** Says that it drains and does not: the control run that must show losses. */
class UndrainedRouter implements Router {
  readonly #router: Router
  readonly #claimed = new Map<string, 'drain' | 'maint'>()

  constructor(router: Router) {
    this.#router = router
  }

  async observe(key: BackendKey): Promise<BackendView | null> {
    const view = await this.#router.observe(key)
    if (!view) return null
    const servers = view.servers.map((server) => {
      const admin = this.#claimed.get(server.instance)
      return admin ? { ...server, admin, inFlight: 0, streams: 0 } : server
    })
    return { ...view, servers }
  }

  async drain(_key: BackendKey, instance: string): Promise<void> {
    this.#claimed.set(instance, 'drain')
  }

  async park(_key: BackendKey, instance: string): Promise<void> {
    this.#claimed.set(instance, 'maint')
  }

  async admit(key: BackendKey, instance: string, weight: number): Promise<void> {
    this.#claimed.delete(instance)
    await this.#router.admit(key, instance, weight)
  }

  prepare(...args: Parameters<Router['prepare']>): Promise<void> {
    return this.#router.prepare(...args)
  }

  assign(...args: Parameters<Router['assign']>): Promise<void> {
    return this.#router.assign(...args)
  }

  closeStreams(...args: Parameters<Router['closeStreams']>): Promise<void> {
    return this.#router.closeStreams(...args)
  }

  free(...args: Parameters<Router['free']>): Promise<void> {
    return this.#router.free(...args)
  }
}
