import { randomUUID } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { TasukiError } from '../domain/errors.ts'
import {
  defaultHostName,
  type HostAddress,
  hostAddress,
  hostLabels,
  hostName,
  hostUrl,
  privateAddressOf,
} from '../domain/host.ts'
import type { RuntimeInstance } from '../domain/instance.ts'
import type { StoredHost } from '../store/hosts.ts'
import type { Tables } from '../store/tables.ts'
import type { ServiceDeps } from './context.ts'
import type { HostCondition, MetHost } from './fleet-port.ts'
import { requireElsewhere } from './host-drains.ts'
import type { RunService } from './runs.ts'

/** A host and how it stands with it. */
export interface HostView extends StoredHost {
  readonly condition: HostCondition
  /** Names of the apps that have instances there, by id; one that is being destroyed is named by its id. */
  readonly apps: ReadonlyMap<string, string>
}

export interface HostWish {
  readonly url: string
  /** Default: its address. */
  readonly name?: string | null
  readonly labels?: readonly string[]
  /** Default: the address of its URL. */
  readonly privateAddress?: string | null
  /** Fingerprint of the key that it has to show, `SHA256:…`. Default: whatever it shows now is pinned. */
  readonly hostKey?: string | null
}

const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{43}=?$/
const MOST_HOSTS = 200

/** The machines with Docker on which apps run. For admins. */
export class HostService {
  readonly #deps: ServiceDeps
  readonly #runs: Pick<RunService, 'lost'>

  constructor(deps: ServiceDeps, runs: Pick<RunService, 'lost'>) {
    this.#deps = deps
    this.#runs = runs
  }

  /** The line that a host has to have among the authorized keys of the user in its URL. */
  get publicKey(): string {
    return this.#deps.fleet.publicKey
  }

  /** By name. */
  async list(): Promise<HostView[]> {
    const conditions = new Map(this.#deps.fleet.conditions().map((one) => [one.id, one]))
    const hosts = await this.#hosts.all()
    return Promise.all(hosts.map((host) => this.#view(host, conditions.get(host.id) ?? unknown(host.id))))
  }

  /** By name or id. Throws `not_found`. */
  async get(which: string): Promise<HostView> {
    const found = (await this.list()).find(({ id, name }) => id === which || name === which)
    if (found) return found
    throw notFound(which)
  }

  /**
   * Takes a host in, once it has shown that it can be reached and has Docker; its key is pinned.
   * Throws `invalid_params`, `name_taken`, `conflict`, `host_unreachable`, `host_refused`; then nothing has changed.
   */
  async add(wish: HostWish, user: string): Promise<HostView & { readonly dockerVersion: string }> {
    const to = hostAddress(wish.url)
    const name = hostName(wish.name ?? defaultHostName(to))
    const labels = hostLabels(wish.labels ?? [])
    const hostKey = fingerprint(wish.hostKey ?? null)
    const asked = { name, url: hostUrl(to), privateAddress: await privateAddress(to, wish), hostKey }
    await refuseTwice(this.#deps.store.tables, asked, null)
    const met = await this.#deps.fleet.meet(asked).catch(notTakenIn)
    const host = this.#made(asked, labels, met)
    await this.#deps.store.transaction(async (tables) => {
      await refuseTwice(tables, asked, met)
      await tables.hosts.insert(host)
      await noted(tables, user, host, 'was added')
    })
    await this.#deps.fleet.join(host)
    await this.#takeUp(host)
    return { ...(await this.get(host.id)), dockerVersion: met.dockerVersion }
  }

  /** Other labels, or another name. Throws `not_found`, `invalid_params`, `name_taken`. */
  async update(
    which: string,
    wish: { readonly name?: string; readonly labels?: readonly string[] },
    user: string,
  ): Promise<HostView> {
    const { id } = await this.get(which)
    const change = {
      ...(wish.name === undefined ? {} : { name: hostName(wish.name) }),
      ...(wish.labels === undefined ? {} : { labels: hostLabels(wish.labels) }),
    }
    await this.#changed(id, change, user, 'was changed')
    return this.get(id)
  }

  /**
   * Moves its instances away, one for one: started elsewhere, then stopped here; nothing new comes. The answer does not
   * wait for it. Throws `not_found`, `no_host` when an app could run nowhere else.
   */
  async drain(which: string, user: string): Promise<HostView> {
    const view = await this.get(which)
    if (view.state === 'active') {
      await requireElsewhere(this.#deps, view)
      await this.#changed(view.id, { state: 'draining' }, user, 'is being drained')
    }
    for (const appId of appsOn(view.condition.instances)) this.#deps.engine.poke(appId)
    return this.get(view.id)
  }

  /** Instances may come again. Those that were moved away stay where they are. Throws `not_found`. */
  async resume(which: string, user: string): Promise<HostView> {
    const view = await this.get(which)
    if (view.state === 'draining')
      await this.#changed(view.id, { state: 'active' }, user, 'takes instances again')
    return this.get(view.id)
  }

  /**
   * Lets go of a host that has no instances. `force`: also of one that does not answer and has some as far as is known;
   * they are started elsewhere, and run on there if they still run. Throws `not_found`, `conflict`.
   */
  async remove(which: string, force: boolean, user: string): Promise<HostView> {
    const host = await this.get(which)
    const { fleet, runtime, store } = this.#deps
    await fleet.change({ ...host, state: 'draining' })
    try {
      const left = (await runtime.list()).filter((one) => one.host === host.name)
      refuseInUse(await this.get(host.id), left, force)
      await store.transaction(async (tables) => {
        await tables.hosts.delete(host.id)
        await noted(tables, user, host, force ? 'was removed by force' : 'was removed')
      })
    } catch (error) {
      await fleet.change(host)
      throw error
    }
    await fleet.leave(host.id)
    await this.#runs.lost(new Set(host.condition.instances.map(({ id }) => id)))
    for (const appId of appsOn(host.condition.instances)) this.#deps.engine.poke(appId)
    return host
  }

  async #view(host: StoredHost, condition: HostCondition): Promise<HostView> {
    const named = [...appsOn(condition.instances)].map(async (id): Promise<[string, string]> => {
      return [id, (await this.#deps.store.tables.apps.byId(id))?.name ?? id]
    })
    return { ...host, condition, apps: new Map(await Promise.all(named)) }
  }

  get #hosts(): Tables['hosts'] {
    return this.#deps.store.tables.hosts
  }

  #made(
    asked: Pick<StoredHost, 'name' | 'url' | 'privateAddress'>,
    labels: readonly string[],
    { hostKey, engine }: MetHost,
  ): StoredHost {
    const createdAt = (this.#deps.now ?? Date.now)()
    return { ...asked, id: randomUUID(), labels, hostKey, engine, state: 'active', createdAt }
  }

  async #changed(
    id: string,
    change: Partial<Pick<StoredHost, 'name' | 'labels' | 'state'>>,
    user: string,
    what: string,
  ): Promise<void> {
    const changed = await this.#deps.store.transaction(async (tables) => {
      const other = change.name === undefined ? null : await tables.hosts.byName(change.name)
      if (other && other.id !== id) throw taken(other.name)
      await tables.hosts.update(id, change)
      const host = await tables.hosts.byId(id)
      if (!host) throw notFound(id)
      await noted(tables, user, host, what)
      return host
    })
    await this.#deps.fleet.change(changed)
  }

  /** A host may have been here before, and bring instances along: their apps are looked at. */
  async #takeUp({ name }: StoredHost): Promise<void> {
    const there = (await this.#deps.runtime.list()).filter((one) => one.host === name)
    for (const appId of appsOn(there)) this.#deps.engine.poke(appId)
  }
}

function appsOn(instances: readonly RuntimeInstance[]): Set<string> {
  return new Set(instances.map(({ appId }) => appId))
}

async function privateAddress(to: HostAddress, { privateAddress: given }: HostWish): Promise<string> {
  const address = privateAddressOf(to, given ?? null)
  if (address !== null || to.kind === 'socket') return address ?? ''
  const found = await lookup(to.address).catch((cause: Error) => {
    throw new TasukiError('invalid_params', `The name ${to.address} leads nowhere: ${cause.message}.`, {
      next: 'Give the address at which the router reaches the host with --private-address.',
      cause,
    })
  })
  return found.address
}

function fingerprint(given: string | null): string | null {
  if (given === null || FINGERPRINT.test(given)) return given?.replace(/=$/, '') ?? null
  throw new TasukiError('invalid_params', 'The key of a host is told by its fingerprint.', {
    next: 'Write it as `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` prints it on the host: SHA256:…',
  })
}

async function refuseTwice(
  tables: Tables,
  { name, url }: Pick<StoredHost, 'name' | 'url'>,
  met: MetHost | null,
): Promise<void> {
  const all = await tables.hosts.all()
  if (all.length >= MOST_HOSTS)
    throw new TasukiError('conflict', `There are ${MOST_HOSTS} hosts already.`, {
      next: 'Remove some first.',
    })
  const same = all.find((host) => host.url === url || host.engine === met?.engine)
  if (same)
    throw new TasukiError('conflict', `This machine is there already, as ${same.name}.`, {
      next: `See it with \`tasuki hosts:info ${same.name}\`.`,
    })
  if (all.some((host) => host.name === name)) throw taken(name)
}

function refuseInUse({ name, condition }: HostView, left: readonly RuntimeInstance[], force: boolean): void {
  if (left.length === 0 || (force && !condition.reachable)) return
  const some = left.slice(0, 5).map((one) => one.name)
  const names = left.length > some.length ? `${some.join(', ')} …` : some.join(', ')
  const count = left.length === 1 ? 'an instance' : `${left.length} instances`
  if (condition.reachable)
    throw new TasukiError('conflict', `${name} has ${count}: ${names}.`, {
      next: `Move them away with \`tasuki hosts:drain ${name}\` first.`,
    })
  throw new TasukiError('conflict', `${name} does not answer, and had ${count}: ${names}.`, {
    next: 'Bring it back, or let go of it with --force: what it had is started elsewhere, and may still run there.',
  })
}

async function noted(tables: Tables, user: string, host: StoredHost, what: string): Promise<void> {
  const text = `host ${host.name} (${host.url}) ${what}`
  await tables.events.add({ appId: null, appName: null, at: Date.now(), user, kind: 'host', text })
}

function taken(name: string): TasukiError {
  return new TasukiError('name_taken', `There is a host ${name} already.`, {
    next: 'Choose another name with --name.',
  })
}

/** Nothing is known of a host that was never there. */
function notTakenIn(error: unknown): never {
  if (!(error instanceof TasukiError) || error.code !== 'host_unreachable') throw error
  throw new TasukiError('host_unreachable', error.message, {
    next: 'Is it on, is that its address, and can it be reached by SSH from the server? It was not taken in.',
    cause: error,
  })
}

function notFound(which: string): TasukiError {
  return new TasukiError('not_found', `There is no host "${which.slice(0, 60)}".`, {
    next: '`tasuki hosts` lists them.',
  })
}

function unknown(id: string): HostCondition {
  return { id, reachable: false, failure: 'it is being connected to', instances: [], sshCalls: null }
}
