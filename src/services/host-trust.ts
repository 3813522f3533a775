import { TasukiError } from '../domain/errors.ts'
import type { StoredHost } from '../store/hosts.ts'
import type { ServiceDeps } from './context.ts'

type Deps = Pick<ServiceDeps, 'store' | 'fleet' | 'examiner' | 'now'>

/** The key that a host has to show, and the one that it shows. */
export interface HostKeys {
  readonly pinned: string | null
  readonly shown: string
}

/** Which key a host has to show: a changed one is refused until somebody says that it is right. For admins. */
export class HostTrust {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Asks the host. Throws `host_unreachable`, `invalid_params` for one that is not reached by SSH. */
  async keys(host: StoredHost): Promise<HostKeys> {
    return { pinned: host.hostKey, shown: await this.#deps.examiner.shownKey(host) }
  }

  /**
   * From now on the host has to show that key, which it must show now, and is connected to anew. Throws `conflict` when it shows
   * another, `host_unreachable`; then nothing has changed.
   */
  async trust(host: StoredHost, hostKey: string, user: string): Promise<void> {
    const { store, fleet, examiner } = this.#deps
    const shown = await examiner.shownKey(host)
    if (shown !== hostKey.replace(/=+$/, ''))
      throw new TasukiError('conflict', `${host.name} shows ${shown}, not the key that was given.`, {
        next: 'Compare both with what `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` says on the host itself.',
        details: { host: host.name, shown },
      })
    const trusted = await store.transaction(async (tables) => {
      const present = await tables.hosts.byId(host.id)
      if (!present) throw new TasukiError('not_found', `There is no host ${host.name} any more.`)
      await tables.hosts.update(host.id, { hostKey: shown })
      const text = `host ${host.name} (${host.url}) is trusted with the key ${shown} instead of ${present.hostKey ?? 'none'}`
      const at = (this.#deps.now ?? Date.now)()
      await tables.events.add({ appId: null, appName: null, at, user, kind: 'host', text })
      return { ...present, hostKey: shown }
    })
    await fleet.change(trusted)
  }
}
