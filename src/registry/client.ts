import { createHash } from 'node:crypto'
import { TasukiError } from '../domain/errors.ts'
import { type EngineConfig, type ImageConfig, imageConfig } from '../domain/image-config.ts'
import type { Login, RegistryAccess } from '../domain/registry.ts'
import { type Answer, ask, type Question } from './http.ts'
import { DOCKER_HUB, hubRepository } from './hub.ts'
import { bearer } from './tokens.ts'

const INDEXES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
]
const MANIFESTS = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
]
const DIGEST = /^sha256:[0-9a-f]{64}$/
const MOST_HOPS = 3
const OK = 200
const ACCEPTED = 202
const UNAUTHORIZED = 401
const FORBIDDEN = 403
const NOT_FOUND = 404
const NOT_ALLOWED = 405

/** An image as a registry describes it. */
export interface RemoteImage {
  readonly digest: string
  /** Digest of its configuration. */
  readonly id: string
  /** Bytes of its layers, as they are stored. */
  readonly size: number
  readonly config: ImageConfig
}

/**
 * Asks a registry, by the distribution API. Everything throws `registry_unavailable` when it does not answer in time or not as it
 * should, and `registry_refused` when it does not let us.
 */
export class RegistryClient {
  readonly #access: Pick<RegistryAccess, 'host' | 'tls' | 'authority'>
  readonly #login: Login | null
  readonly #tokens = new Map<string, string>()

  constructor(access: Pick<RegistryAccess, 'host' | 'tls' | 'authority'>, login: Login | null) {
    this.#access = access
    this.#login = login
  }

  /** That it is there and lets us in. */
  async check(): Promise<void> {
    const { status } = await this.#ask('GET', '', [], null)
    if (status !== OK) throw this.#odd(status)
  }

  /** What a tag or digest of a repository is; null when there is no such image. */
  async find(repository: string, reference: string): Promise<RemoteImage | null> {
    const top = await this.#manifest(repository, reference)
    if (top === null) return null
    const chosen = Array.isArray(top.content.manifests) ? this.#ofOurKind(top.content.manifests) : null
    const manifest = chosen === null ? top : await this.#manifest(repository, chosen)
    const configDigest = (manifest?.content.config as { digest?: unknown } | undefined)?.digest
    if (manifest === null || typeof configDigest !== 'string' || !DIGEST.test(configDigest))
      throw this.#strange()
    const config = await this.#ask('GET', `${repository}/blobs/${configDigest}`, [], repository)
    if (config.status !== OK) throw this.#odd(config.status)
    return {
      digest: top.digest,
      id: configDigest,
      size: sizeOf(manifest.content),
      config: configOf(this.#json(config)),
    }
  }

  /** Newest last, as the registry has them; none of a repository that is not there. */
  async tags(repository: string): Promise<string[]> {
    const answer = await this.#ask('GET', `${repository}/tags/list`, [], repository)
    if (answer.status === NOT_FOUND) return []
    if (answer.status !== OK) throw this.#odd(answer.status)
    const { tags } = this.#json(answer)
    return Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : []
  }

  /** Removes an image with its tags. False where there is none of that digest, or the registry lets nobody remove any. */
  async remove(repository: string, digest: string): Promise<boolean> {
    const { status } = await this.#ask(
      'DELETE',
      `${repository}/manifests/${digest}`,
      [],
      repository,
      'delete',
    )
    if (status === ACCEPTED || status === OK) return true
    if (status === NOT_FOUND || status === NOT_ALLOWED) return false
    throw this.#odd(status)
  }

  async #manifest(repository: string, reference: string) {
    const answer = await this.#ask(
      'GET',
      `${repository}/manifests/${reference}`,
      [...INDEXES, ...MANIFESTS],
      repository,
    )
    if (answer.status === NOT_FOUND) return null
    if (answer.status !== OK) throw this.#odd(answer.status)
    const digest = `sha256:${createHash('sha256').update(answer.body).digest('hex')}`
    if (DIGEST.test(reference) && reference !== digest) throw this.#strange()
    return { digest, content: this.#json(answer) }
  }

  /** Of an index of several platforms: what this machine would run, else the first for Linux. */
  #ofOurKind(manifests: readonly unknown[]): string {
    const linux = (manifests as Entry[]).filter(({ platform }) => platform?.os === 'linux')
    const ours = linux.find(({ platform }) => platform?.architecture === architecture())
    const digest = (ours ?? linux[0])?.digest
    if (typeof digest === 'string' && DIGEST.test(digest)) return digest
    throw new TasukiError(
      'invalid_params',
      'The image is for no system that runs here: it has none for Linux.',
    )
  }

  async #ask(
    method: Question['method'],
    path: string,
    accept: readonly string[],
    repository: string | null,
    action: 'pull' | 'delete' = 'pull',
  ): Promise<Answer> {
    const hub = this.#access.host === DOCKER_HUB
    const origin = `${this.#access.tls ? 'https' : 'http'}://${hub ? 'registry-1.docker.io' : this.#access.host}`
    const url = new URL(`/v2/${hub ? hubRepository(path) : path}`, origin)
    const scope =
      repository === null ? '' : `repository:${hub ? hubRepository(repository) : repository}:${action}`
    const headers = { accept: accept.length > 0 ? accept.join(', ') : '*/*' }
    const first = await this.#send({ url, method, headers }, this.#tokens.get(scope) ?? this.#basic())
    if (first.status !== UNAUTHORIZED) return this.#allowed(first)
    const challenge = String(first.headers['www-authenticate'] ?? '')
    const token = await bearer(challenge, scope, { login: this.#login, authority: this.#access.authority })
    if (token === null) throw this.#refused()
    this.#tokens.set(scope, `Bearer ${token}`)
    return this.#allowed(await this.#send({ url, method, headers }, `Bearer ${token}`))
  }

  /** Follows to where blobs lie elsewhere, without showing our credentials there. */
  async #send(question: Omit<Question, 'authority'>, authorization: string | null): Promise<Answer> {
    const { authority } = this.#access
    let { url } = question
    let headers = { ...question.headers, ...(authorization === null ? {} : { authorization }) }
    for (let hops = 0; ; hops++) {
      const answer = await ask({ ...question, url, headers, authority })
      const location = answer.headers.location
      if (![301, 302, 303, 307, 308].includes(answer.status) || typeof location !== 'string') return answer
      if (hops === MOST_HOPS) throw this.#strange()
      const next = new URL(location, url)
      if (next.protocol !== 'https:' && next.host !== url.host) throw this.#strange()
      if (next.host !== url.host) headers = { ...question.headers }
      url = next
    }
  }

  #basic(): string | null {
    if (this.#login === null) return null
    return `Basic ${Buffer.from(`${this.#login.user}:${this.#login.password}`).toString('base64')}`
  }

  #allowed(answer: Answer): Answer {
    if (answer.status === UNAUTHORIZED || answer.status === FORBIDDEN) throw this.#refused()
    return answer
  }

  #json({ body }: Answer): Record<string, unknown> {
    try {
      const value: unknown = JSON.parse(body.toString('utf8'))
      if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
    } catch {
      // What is no JSON is as strange as what is no object.
    }
    throw this.#strange()
  }

  #refused(): TasukiError {
    const who = this.#login === null ? 'without a login' : `as ${this.#login.user}`
    return new TasukiError('registry_refused', `The registry ${this.#access.host} does not let us in ${who}.`)
  }

  #odd(status: number): TasukiError {
    return new TasukiError(
      'registry_unavailable',
      `The registry ${this.#access.host} answered with status ${status}.`,
    )
  }

  #strange(): TasukiError {
    return new TasukiError(
      'registry_unavailable',
      `The registry ${this.#access.host} answered with what is no image.`,
    )
  }
}

interface Entry {
  readonly digest?: unknown
  readonly platform?: { readonly os?: string; readonly architecture?: string }
}

function architecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch
}

function sizeOf(manifest: Record<string, unknown>): number {
  const layers = Array.isArray(manifest.layers) ? (manifest.layers as { size?: unknown }[]) : []
  return layers.reduce((sum, { size }) => sum + (typeof size === 'number' ? size : 0), 0)
}

function configOf(blob: Record<string, unknown>): ImageConfig {
  return imageConfig((blob.config ?? {}) as EngineConfig)
}
