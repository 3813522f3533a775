import { randomUUID } from 'node:crypto'
import { TasukiError } from '../domain/errors.ts'
import { hostname as checkedHostname, isBelow, wildcardsOver } from '../domain/hostname.ts'
import type { App } from '../store/apps.ts'
import type { Domain } from '../store/domains.ts'
import type { Tables } from '../store/tables.ts'
import { announce } from './announce.ts'
import type { ServiceDeps } from './context.ts'
import type { HostKeeper } from './host-keeper.ts'
import { liveApp } from './live-app.ts'

/** Hostnames that an app may have. */
const MOST_DOMAINS = 1000

/** A hostname of an app, and what it means now. */
export interface DomainView extends Domain {
  /** Where its DNS entry is to point: the app's own hostname. Null for that one itself. */
  readonly cname: string | null
  /** `pending` while the router has not been told yet. */
  readonly status: 'pending' | 'succeeded'
}

/** The hostnames by which visitors reach an app. What is added or removed counts at once, without a reload. */
export class DomainService {
  readonly #deps: ServiceDeps
  readonly #hosts: HostKeeper

  constructor(deps: ServiceDeps, hosts: HostKeeper) {
    this.#deps = deps
    this.#hosts = hosts
  }

  /**
   * Sees to it that every app answers under the server's present domain, which may be another than before. A hostname that
   * a user has added and that lies there now has to give way to the app of that name.
   */
  async start(): Promise<void> {
    for (const app of await this.#deps.store.tables.apps.all()) {
      const hostname = ownHostname(app, this.#deps.settings.domain)
      const own = (await this.#deps.store.tables.domains.list(app.id)).find(({ kind }) => kind === 'app')
      if (own?.hostname !== hostname) await this.#move(app, hostname)
    }
  }

  /** The app's own first, then the others by name. */
  async list(app: App): Promise<DomainView[]> {
    const domains = await this.#deps.store.tables.domains.list(app.id)
    const own = domains.filter(({ kind }) => kind === 'app')
    return [...own, ...domains.filter(({ kind }) => kind === 'custom')].map((one) => this.#view(app, one))
  }

  /** By id or hostname. Throws `not_found`. */
  async get(app: App, which: string): Promise<DomainView> {
    const name = which.toLowerCase()
    const found = (await this.list(app)).find(
      ({ id, hostname }) => id === name || hostname === name || hostname === nameOrNull(which),
    )
    if (found) return found
    throw new TasukiError('not_found', `${app.name} has no domain "${which.slice(0, 80)}".`, {
      next: `\`tasuki domains -a ${app.name}\` lists them.`,
    })
  }

  /**
   * Visitors of that hostname reach the app when this resolves. Throws `invalid_params` for what can not be a hostname
   * or lies under the server's own domain, `name_taken` when an app has it already.
   */
  async add(app: App, given: string, user: string): Promise<DomainView> {
    const hostname = checkedHostname(given)
    this.#refuseOwn(hostname)
    const at = Date.now()
    await this.#deps.store.transaction(async (tables) => {
      const current = await liveApp(tables, app.id)
      await refuseTaken(tables, current, hostname)
      await tables.domains.add({
        id: randomUUID(),
        appId: app.id,
        hostname,
        kind: 'custom',
        createdAt: at,
      })
      await tables.events.add(eventOf(current, user, `${hostname} was added`, at))
    })
    announce(this.#deps, app.id, `Domain ${hostname} added by ${user}`)
    await this.#hosts.sync(app.id)
    return this.get(app, hostname)
  }

  /** The hostname leads nowhere, and is free, when this resolves. Throws `not_found`, `invalid_params` for the app's own. */
  async remove(app: App, which: string, user: string): Promise<DomainView> {
    const found = await this.get(app, which)
    const { hostname } = found
    if (found.kind === 'app') {
      throw new TasukiError('invalid_params', `${hostname} is the own name of ${app.name}.`, {
        next: 'It goes with the app, and changes when the app is renamed.',
      })
    }
    const at = Date.now()
    await this.#deps.store.transaction(async (tables) => {
      await liveApp(tables, app.id)
      await tables.domains.remove(app.id, { id: found.id })
      await tables.events.add(eventOf(app, user, `${hostname} was removed`, at))
    })
    announce(this.#deps, app.id, `Domain ${hostname} removed by ${user}`)
    await this.#hosts.sync(app.id)
    return found
  }

  async #move(app: App, hostname: string): Promise<void> {
    const own = { id: randomUUID(), appId: app.id, hostname, kind: 'app', createdAt: Date.now() } as const
    await this.#deps.store.transaction(async ({ domains }) => {
      const there = await domains.byHostname(hostname)
      if (there) await domains.remove(there.appId, { id: there.id })
      await domains.remove(app.id, { kind: 'app' })
      await domains.add(own)
    })
    this.#deps.log.info({ app: app.id, hostname }, 'The app has a hostname under the present domain')
  }

  #view(app: App, domain: Domain): DomainView {
    const cname = domain.kind === 'app' ? null : ownHostname(app, this.#deps.settings.domain)
    return { ...domain, cname, status: this.#hosts.isBehind(app.id) ? 'pending' : 'succeeded' }
  }

  /** Names under the server's domain are those of its apps, also of those to come. */
  #refuseOwn(hostname: string): void {
    const { domain } = this.#deps.settings
    const covers = wildcardsOver(domain).includes(hostname)
    if (hostname !== domain && !isBelow(hostname, domain) && !covers) return
    const what = covers ? 'covers' : 'belongs to'
    throw new TasukiError('invalid_params', `${hostname} ${what} the server's own domain, ${domain}.`, {
      next: 'Apps have their names there by themselves; use a name of a domain of your own.',
    })
  }
}

function ownHostname({ name }: App, domain: string): string {
  return `${name}.${domain}`
}

async function refuseTaken(tables: Tables, app: App, hostname: string): Promise<void> {
  const taken = await tables.domains.byHostname(hostname)
  if (taken?.appId === app.id) throw new TasukiError('name_taken', `${app.name} has ${hostname} already.`)
  if (taken) throw new TasukiError('name_taken', `${hostname} belongs to another app.`)
  if ((await tables.domains.of(app.id)).length >= MOST_DOMAINS) {
    throw new TasukiError(
      'invalid_params',
      `${app.name} has ${MOST_DOMAINS} domains, the most an app may have.`,
      {
        next: 'Remove one, or use a wildcard.',
      },
    )
  }
  await refuseCovered(tables, app, hostname)
}

/** Whoever owns `*.example.org` is not to lose a name of it to somebody else. */
async function refuseCovered(tables: Tables, app: App, hostname: string): Promise<void> {
  for (const wildcard of wildcardsOver(hostname)) {
    const covering = await tables.domains.byHostname(wildcard)
    const owner = covering && (await tables.apps.byId(covering.appId))?.owner
    if (covering && owner !== app.owner) {
      throw new TasukiError(
        'name_taken',
        `${hostname} lies under ${wildcard}, which belongs to another app.`,
        {
          next: `Ask its owner to add ${hostname}, or to give up the wildcard.`,
        },
      )
    }
  }
}

/** The hostname in the form in which it is stored; null for what is none. */
function nameOrNull(text: string): string | null {
  try {
    return checkedHostname(text)
  } catch {
    return null // an id, or a name that nobody can have
  }
}

function eventOf(app: App, user: string, text: string, at: number) {
  return { appId: app.id, appName: app.name, at, user, kind: 'domain', text }
}
