import { randomBytes } from 'node:crypto'
import { asTasukiError, TasukiError } from '../domain/errors.ts'
import type { Login, RegistryAccess } from '../domain/registry.ts'
import type { StoredRegistry } from '../store/registry.ts'
import type { ServiceDeps } from './context.ts'
import { registryAddress, registryPlace } from './registry-place.ts'

const SECRET_BYTES = 24
const PUSH_USER = 'push'
const PULL_USER = 'pull'
const DIGEST = /^sha256:[0-9a-f]{64}$/
const MOST_LETTERS = 4096

/** The registry and how it stands with it. No passwords. */
export interface RegistryView {
  readonly registry: Omit<StoredRegistry, 'push' | 'pull'> & {
    readonly pushUser: string | null
    readonly pullUser: string | null
  }
  /** Why it can not be used now; null: it can. */
  readonly failing: string | null
}

export interface RegistryWish {
  readonly url: string
  readonly push: Login | null
  readonly pull: Login | null
  /** PEM certificates to trust beside the well-known ones. */
  readonly authority?: string | null
}

/** Where images are kept: one registry for the server, or none. For admins. */
export class RegistryService {
  readonly #deps: ServiceDeps
  /** What is done with our own registry is done one after the other. */
  #last: Promise<unknown> = Promise.resolve()
  /** Why it does not run, as it was told last. */
  #told: string | null = null
  #stopped = false

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  /** Null: there is none. */
  async view(): Promise<RegistryView | null> {
    const registry = await this.#get()
    if (!registry) return null
    const { push, pull, ...rest } = registry
    return {
      registry: { ...rest, pushUser: push?.user ?? null, pullUser: pull?.user ?? null },
      failing: await this.#failure(registry),
    }
  }

  /**
   * Uses a registry that is there, once it has let us in with both logins. Throws `invalid_params`, `registry_unavailable`,
   * `registry_refused`; then nothing has changed.
   */
  async set(wish: RegistryWish): Promise<RegistryView> {
    const access: RegistryAccess = {
      ...registryPlace(wish.url),
      authority: checkedAuthority(wish.authority ?? null),
      push: checkedLogin(wish.push),
      pull: checkedLogin(wish.pull),
    }
    for (const login of [access.push, access.pull]) await this.#deps.images.registry(access, login).check()
    await this.#inTurn(async () => {
      await this.#deps.store.tables.registry.set({ ...access, ownAddress: null, setAt: Date.now() })
      await this.#deps.images.own.stop()
    })
    return (await this.view())!
  }

  /** From now on there is none; what runs, runs on. What our own stores stays, for the next start. Throws `not_found`. */
  async unset(): Promise<void> {
    await this.#inTurn(async () => {
      if (!(await this.#get())) throw none()
      await this.#deps.store.tables.registry.delete()
      await this.#deps.images.own.stop()
    })
  }

  /**
   * Keeps a registry of our own at that address, by which hosts reach it. Answers with its logins where they are new: at the first
   * start, or when `newPasswords` are asked for. Throws `invalid_params`, `setup_missing`, `conflict` when another one is set.
   */
  async start(
    address: string,
    newPasswords = false,
  ): Promise<RegistryView & { readonly logins: Logins | null }> {
    const at = registryAddress(address)
    const logins = await this.#inTurn(() => this.#start(at, newPasswords))
    return { ...(await this.view())!, logins }
  }

  /** Answers with the logins where they are new. */
  async #start(at: { host: string; port: number }, newPasswords: boolean): Promise<Logins | null> {
    const known = await this.#get()
    if (known && known.ownAddress === null)
      throw new TasukiError('conflict', `The registry ${known.host} is set already.`, {
        next: 'Leave it first: `tasuki registry:unset`.',
      })
    const fresh = known === null || newPasswords
    const logins = fresh ? newLogins() : { push: known.push!, pull: known.pull! }
    const authority = await this.#deps.images.own.start(at, logins)
    const host = `${at.host.includes(':') ? `[${at.host}]` : at.host}:${at.port}`
    const access = { host, prefix: '', tls: true, authority, ...logins }
    await this.#deps.store.tables.registry.set({ ...access, ownAddress: host, setAt: Date.now() })
    return fresh ? logins : null
  }

  /** Has our own registry, if there is one, run. What goes wrong is told in the log: images can still be streamed. */
  look(): Promise<void> {
    return this.#inTurn(async () => {
      try {
        const registry = await this.#get()
        if (this.#stopped || !registry?.ownAddress || this.#deps.images.own.running) return
        const keys = { push: registry.push!, pull: registry.pull! }
        const authority = await this.#deps.images.own.start(registryAddress(registry.ownAddress), keys)
        // It has made another one where its own was not there any more: on a new machine, after a restore.
        if (authority !== registry.authority)
          await this.#deps.store.tables.registry.set({ ...registry, authority })
        this.#told = null
      } catch (error) {
        this.#tell(asTasukiError(error).message)
      }
    })
  }

  /** Ends our own with the control plane. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#inTurn(() => this.#deps.images.own.stop())
  }

  /** Once, as long as it stays the same. */
  #tell(error: string): void {
    if (error !== this.#told) this.#deps.log.warn({ error }, 'our own registry does not run')
    this.#told = error
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => undefined)
    return result
  }

  /**
   * Removes from the registry the images that no rollback needs, and nothing that runs does; then frees the space, where it is our own.
   * Throws `not_found` without a registry, `registry_unavailable`, `registry_refused`.
   */
  async collectGarbage(): Promise<{ removed: number; storedBytes: number | null }> {
    const registry = await this.#get()
    if (!registry) throw none()
    const questions = this.#deps.images.registry(registry, registry.push)
    await questions.check()
    const all = await this.#deps.store.tables.artifacts.images()
    const kept = new Set(all.filter((one) => one.collectedAt === null).map(({ image }) => image.ref))
    let removed = 0
    for (const { collectedAt, image } of all) {
      const [name = '', digest = ''] = image.ref.split('@')
      const ours = name.startsWith(`${registry.host}/`) && DIGEST.test(digest)
      if (collectedAt === null || !ours || kept.has(image.ref)) continue
      if (await questions.remove(name.slice(registry.host.length + 1), digest)) removed++
    }
    const { own } = this.#deps.images
    const storedBytes = registry.ownAddress === null ? null : await this.#inTurn(() => own.collectGarbage())
    return { removed, storedBytes }
  }

  #get(): Promise<StoredRegistry | null> {
    return this.#deps.store.tables.registry.get()
  }

  async #failure(registry: StoredRegistry): Promise<string | null> {
    try {
      await this.#deps.images.registry(registry, registry.push).check()
      return null
    } catch (error) {
      return asTasukiError(error).message
    }
  }
}

interface Logins {
  readonly push: Login
  readonly pull: Login
}

function newLogins(): Logins {
  const secret = () => randomBytes(SECRET_BYTES).toString('base64url')
  return { push: { user: PUSH_USER, password: secret() }, pull: { user: PULL_USER, password: secret() } }
}

function checkedLogin(login: Login | null): Login | null {
  if (login === null) return null
  const { user, password } = login
  if (/^[^\s:]{1,256}$/.test(user) && password !== '' && password.length <= MOST_LETTERS) return login
  throw new TasukiError(
    'invalid_params',
    `"${user.slice(0, 60)}" can not be a login: it needs a name without spaces or colons, and a password.`,
  )
}

function checkedAuthority(text: string | null): string | null {
  if (text === null) return null
  if (/-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/.test(text) && text.length < 2 ** 16)
    return text
  throw new TasukiError('invalid_params', 'The authority is no certificate in PEM.')
}

function none(): TasukiError {
  return new TasukiError('not_found', 'There is no registry.', {
    next: 'Set one with `tasuki registry:set URL`, or start one: `tasuki registry:start --address HOST:PORT`.',
  })
}
