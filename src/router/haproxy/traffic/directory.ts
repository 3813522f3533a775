import type { BackendKey } from '../../../rollout/ports.ts'

/** A backend of the configuration: whose requests it takes, and of which kind. */
export interface BackendEntry extends BackendKey {
  /** Name in HAProxy's configuration. */
  readonly backend: string
  readonly kind: 'plain' | 'stream'
}

/** An instance by the address that log lines name. */
export interface InstanceEntry extends BackendKey {
  /** `host:port`. */
  readonly address: string
  readonly instance: string
  /** `web.1`. */
  readonly name: string
  /** Version of its release. */
  readonly release: number
}

/** Addresses of past instances that are remembered, so that a late line still finds its owner. */
const MOST_PAST = 10_000

/** Says whose a backend and an address are. */
export class Directory {
  #backends = new Map<string, BackendEntry>()
  #byKey = new Map<string, string[]>()
  readonly #instances = new Map<string, InstanceEntry>()

  setBackends(entries: readonly BackendEntry[]): void {
    this.#backends = new Map(entries.map((entry) => [entry.backend, entry]))
    this.#byKey = new Map()
    for (const entry of entries) {
      const key = keyOf(entry)
      this.#byKey.set(key, [...(this.#byKey.get(key) ?? []), entry.backend])
    }
  }

  /** Adds or replaces; an address that is not named any more keeps its last owner. */
  setInstances(entries: readonly InstanceEntry[]): void {
    for (const entry of entries) {
      this.#instances.delete(entry.address)
      this.#instances.set(entry.address, entry)
    }
    for (const address of this.#instances.keys()) {
      if (this.#instances.size <= MOST_PAST) break
      this.#instances.delete(address)
    }
  }

  backend(name: string): BackendEntry | undefined {
    return this.#backends.get(name)
  }

  /** Names of a process type's backends in the configuration. */
  namesOf(key: BackendKey): readonly string[] {
    return this.#byKey.get(keyOf(key)) ?? []
  }

  instance(address: string | null): InstanceEntry | undefined {
    return address === null ? undefined : this.#instances.get(address)
  }
}

/** One text for a backend's key; neither part can hold a space. */
export function keyOf(key: BackendKey): string {
  return `${key.appId} ${key.type}`
}
