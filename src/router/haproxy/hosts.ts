import { TasukiError } from '../../domain/errors.ts'
import { ROUTABLE_TYPE } from '../../domain/release.ts'
import { checkedHost, checkedKey } from './backend.ts'
import type { MapChange, SharedMap } from './maps.ts'

/** Which host leads to which app, which apps are down for maintenance, and whose visitors wait until it is awake. */
export class HostTable {
  readonly #hosts: SharedMap
  readonly #maintenance: SharedMap
  readonly #sleeping: SharedMap

  constructor(maps: Readonly<Record<'hosts' | 'maintenance' | 'sleeping', SharedMap>>) {
    this.#hosts = maps.hosts
    this.#maintenance = maps.maintenance
    this.#sleeping = maps.sleeping
  }

  /** Throws `conflict` when another app has one of the hosts; then nothing is changed. */
  async set(appId: string, hostnames: readonly string[]): Promise<void> {
    checkedKey({ appId, type: ROUTABLE_TYPE })
    const wanted = new Set(hostnames.map(checkedHost))
    for (const host of wanted) {
      const other = this.#hosts.entries.get(host)
      if (other !== undefined && other !== appId)
        throw new TasukiError('conflict', `The host ${host} belongs to another app.`)
    }
    const gone = this.#of(appId).filter((host) => !wanted.has(host))
    await this.#hosts.change([
      ...[...wanted].map((host): MapChange => ({ key: host, value: appId })),
      ...gone.map((host): MapChange => ({ key: host, value: null })),
    ])
  }

  async maintenance(appId: string, on: boolean): Promise<void> {
    checkedKey({ appId, type: ROUTABLE_TYPE })
    await this.#maintenance.change([{ key: appId, value: on ? '1' : null }])
  }

  async sleeping(appId: string, waitMs: number | null): Promise<void> {
    checkedKey({ appId, type: ROUTABLE_TYPE })
    const value = waitMs === null ? null : String(Math.ceil(waitMs))
    await this.#sleeping.change([{ key: appId, value }])
  }

  sleepers(): string[] {
    return [...this.#sleeping.entries.keys()]
  }

  async remove(appId: string): Promise<void> {
    await this.set(appId, [])
    await this.maintenance(appId, false)
    await this.sleeping(appId, null)
  }

  #of(appId: string): string[] {
    return [...this.#hosts.entries].filter(([, app]) => app === appId).map(([host]) => host)
  }
}
