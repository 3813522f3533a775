import { randomUUID, X509Certificate } from 'node:crypto'
import { drainUrl, withoutCredentials } from '../domain/drain-url.ts'
import { TasukiError } from '../domain/errors.ts'
import type { App } from '../store/apps.ts'
import type { StoredDrain } from '../store/drains.ts'
import { announce } from './announce.ts'
import type { ServiceDeps } from './context.ts'
import { liveApp } from './live-app.ts'
import type { DrainState } from './ports.ts'

/** Drains that an app may have. */
const MOST_DRAINS = 20
const MOST_AUTHORITY_BYTES = 64 * 1024
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

/** A drain, and how it stands with it. */
export interface DrainView extends StoredDrain {
  readonly state: DrainState
}

/** What a new drain is made of. */
interface DrainWish {
  readonly url: string
  /** PEM of an authority that its receiver's certificate comes from, when it is none of the well-known. */
  readonly authority?: string | null
}

const IDLE: DrainState = { sent: 0, dropped: 0, failing: null }

/** Where the lines of an app's log are sent to. */
export class DrainService {
  readonly #deps: ServiceDeps

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  /** All drains go on where they stood. */
  async start(): Promise<void> {
    for (const drain of await this.#deps.store.tables.drains.all()) await this.#deps.logs.drain(drain)
  }

  /** Oldest first. */
  async list(app: App): Promise<DrainView[]> {
    return (await this.#deps.store.tables.drains.of(app.id)).map((drain) => this.#view(drain))
  }

  /** By id, token or address, also percent-encoded. Throws `not_found`. */
  async get(app: App, which: string): Promise<DrainView> {
    const names = [which, decoded(which)]
    const all = await this.#deps.store.tables.drains.of(app.id)
    const found = all.find(({ id, token, url }) => [id, token, url].some((name) => names.includes(name)))
    if (found) return this.#view(found)
    throw new TasukiError('not_found', `${app.name} has no such drain.`, {
      next: `\`tasuki drains -a ${app.name}\` lists them.`,
      details: { resource: 'log-drain' },
    })
  }

  /** Each line from now on is sent there. Throws `invalid_params` for what is no address, is there already, or is one too many. */
  async add(app: App, { url: given, authority = null }: DrainWish, user: string): Promise<DrainView> {
    const url = drainUrl(given)
    if (authority !== null) checkAuthority(authority)
    const drain = {
      id: randomUUID(),
      appId: app.id,
      token: `d.${randomUUID()}`,
      url,
      authority,
      createdAt: Date.now(),
    }
    await this.#deps.store.transaction(async (tables) => {
      const current = await liveApp(tables, app.id)
      refuseMore(await tables.drains.of(app.id), url)
      await tables.drains.insert(drain)
      await tables.events.add(eventOf(current, user, drain, 'added'))
    })
    await this.#deps.logs.drain(drain)
    announce(this.#deps, app.id, `Drain ${drain.token} added by ${user}`)
    return this.#view(drain)
  }

  /** Nothing is sent there any more when this resolves. Throws `not_found`. */
  async remove(app: App, which: string, user: string): Promise<DrainView> {
    const drain = await this.get(app, which)
    await this.#deps.store.transaction(async (tables) => {
      await tables.drains.delete(drain.id)
      await tables.events.add(eventOf(app, user, drain, 'removed'))
    })
    await this.#deps.logs.undrain(drain.id)
    announce(this.#deps, app.id, `Drain ${drain.token} removed by ${user}`)
    return drain
  }

  #view(drain: StoredDrain): DrainView {
    return { ...drain, state: this.#deps.logs.drainState(drain.id) ?? IDLE }
  }
}

function refuseMore(present: readonly StoredDrain[], url: string): void {
  if (present.some((drain) => drain.url === url))
    throw new TasukiError('invalid_params', 'The app has a drain to this address already.')
  if (present.length >= MOST_DRAINS)
    throw new TasukiError('invalid_params', `An app can have ${MOST_DRAINS} drains.`, {
      next: 'Remove one first.',
    })
}

function checkAuthority(pem: string): void {
  const certificates = pem.length <= MOST_AUTHORITY_BYTES ? (pem.match(CERTIFICATE) ?? []) : []
  try {
    for (const one of certificates) new X509Certificate(one)
    if (certificates.length > 0) return
  } catch {
    // Told below, like what holds no certificate at all.
  }
  throw new TasukiError('invalid_params', 'The authority is not a certificate in PEM.', {
    next: 'Give the certificate of the authority, from BEGIN CERTIFICATE to END CERTIFICATE.',
  })
}

/** Clients encode an address once or twice. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function eventOf(app: App, user: string, { token, url }: StoredDrain, what: string) {
  const text = `drain ${token} to ${withoutCredentials(url)} was ${what}`
  return { appId: app.id, appName: app.name, at: Date.now(), user, kind: 'drain', text }
}
