import { randomBytes } from 'node:crypto'
import { TasukiError } from '../domain/errors.ts'
import type { PipelineRepository } from '../store/pipeline-repositories.ts'
import type { Pipeline } from '../store/pipelines.ts'
import type { AccessService } from './access.ts'
import { record } from './audit.ts'
import { forgeRepository } from './commit-sources.ts'
import type { ServiceDeps } from './context.ts'
import { type ForgeAbout, ForgeFailure, type ForgeRepository } from './forge-port.ts'
import type { Caller } from './tokens.ts'

const NAME = /^[\w.-]{1,100}\/[\w.-]{1,100}$/
/** Before the name and behind it, in the addresses that people copy. */
const ADDRESS = /^(https?:\/\/[^/]+\/|ssh:\/\/[^/]+\/|[\w.-]+@[^:/]+:)|(\.git)?\/?$/g
const LEAST_SECRET = 16
const MOST_SECRET = 200
const SECRET_BYTES = 32

/** What is to be connected. */
export interface RepositoryWish {
  /** `owner/name`, or its web or Git address. */
  readonly fullName: string
  readonly token: string | null
  /** What webhooks are signed with; null: one is made. */
  readonly secret: string | null
}

/** Null and left out differ: null takes a token away, and has another secret made. */
export interface RepositoryChange {
  readonly token?: string | null
  readonly secret?: string | null
}

/** Which repository a pipeline's commits come from. Without a connection it is Tasuki's own Git. */
export class PipelineRepositoryService {
  readonly #deps: ServiceDeps
  readonly #access: AccessService

  constructor(deps: ServiceDeps, access: AccessService) {
    this.#deps = deps
    this.#access = access
  }

  /** Null: Tasuki's own Git. */
  get(pipeline: Pipeline): Promise<PipelineRepository | null> {
    return this.#deps.store.tables.pipelineRepositories.of(pipeline.id)
  }

  /** For the owner of the pipeline. Throws `forbidden`, `invalid_params`, `conflict` when it is connected already. */
  async connect(caller: Caller, pipeline: Pipeline, wish: RepositoryWish): Promise<PipelineRepository> {
    this.#requireOwner(caller, pipeline)
    const { token } = wish
    const fullName = wish.fullName.replace(ADDRESS, '')
    if (!NAME.test(fullName)) throw noName(wish.fullName)
    const webhook = checkedSecret(wish.secret) ?? randomBytes(SECRET_BYTES).toString('hex')
    const about = token === null ? null : await this.#reached({ fullName, token })
    const at = Date.now()
    const made: PipelineRepository = {
      pipelineId: pipeline.id,
      kind: 'github',
      fullName: about?.fullName ?? fullName,
      remoteId: about?.id ?? null,
      user: caller.email,
      secrets: { webhook, token },
      createdAt: at,
      updatedAt: at,
    }
    await this.#deps.store.transaction(async (tables) => {
      const present = await tables.pipelineRepositories.of(pipeline.id)
      if (present) throw connectedAlready(pipeline, present)
      await tables.sourceHeads.forget(pipeline.id)
      await tables.pipelineRepositories.put(made)
      const details = { repository: made.fullName, token: token !== null }
      await record(tables, { ...entryOf(pipeline, caller), action: 'repository.connected', details, at })
    })
    return made
  }

  /** For the owner of the pipeline. Throws `forbidden`, `invalid_params`, `not_found` when it is not connected. */
  async change(caller: Caller, pipeline: Pipeline, change: RepositoryChange): Promise<PipelineRepository> {
    this.#requireOwner(caller, pipeline)
    const { token, secret } = change
    const { fullName } = await this.#connected(pipeline)
    if (token) await this.#reached({ fullName, token })
    const webhook =
      secret === undefined ? null : (checkedSecret(secret) ?? randomBytes(SECRET_BYTES).toString('hex'))
    const at = Date.now()
    await this.#deps.store.transaction(async (tables) => {
      const present = await tables.pipelineRepositories.of(pipeline.id)
      if (!present) throw notConnected(pipeline)
      const secrets = {
        token: token === undefined ? present.secrets.token : token,
        webhook: webhook ?? present.secrets.webhook,
      }
      await tables.pipelineRepositories.put({ ...present, secrets, updatedAt: at })
      const details = {
        repository: present.fullName,
        token: secrets.token !== null,
        secret: webhook !== null,
      }
      await record(tables, { ...entryOf(pipeline, caller), action: 'repository.changed', details, at })
    })
    return this.#connected(pipeline)
  }

  /** For the owner: the commits come from Tasuki's own Git again. Throws `forbidden`, `not_found`. */
  async disconnect(caller: Caller, pipeline: Pipeline): Promise<PipelineRepository> {
    this.#requireOwner(caller, pipeline)
    return this.#deps.store.transaction(async (tables) => {
      const present = await tables.pipelineRepositories.of(pipeline.id)
      if (!present) throw notConnected(pipeline)
      await tables.pipelineRepositories.delete(pipeline.id)
      await tables.sourceHeads.forget(pipeline.id)
      const details = { repository: present.fullName }
      const entry = {
        ...entryOf(pipeline, caller),
        action: 'repository.disconnected',
        details,
        at: Date.now(),
      }
      await record(tables, entry)
      return present
    })
  }

  /** What the forge says of it now. Throws `invalid_params` when it does not let us in. */
  about(repository: PipelineRepository): Promise<ForgeAbout> {
    return this.#reached(forgeRepository(repository))
  }

  async #connected(pipeline: Pipeline): Promise<PipelineRepository> {
    const found = await this.get(pipeline)
    if (found) return found
    throw notConnected(pipeline)
  }

  async #reached(repository: ForgeRepository): Promise<ForgeAbout> {
    try {
      return await this.#deps.forge.about(repository)
    } catch (error) {
      if (!(error instanceof ForgeFailure)) throw error
      throw new TasukiError('invalid_params', `${repository.fullName} can not be reached: ${error.message}`, {
        next: error.lasting
          ? 'Check the name, and that the token is good for it (contents: read; statuses and deployments: write).'
          : 'Try again in a moment.',
        cause: error,
      })
    }
  }

  #requireOwner(caller: Caller, pipeline: Pipeline): void {
    if (this.#access.owns(caller, pipeline)) return
    throw new TasukiError('forbidden', 'Only the owner of the pipeline may do that.', {
      next: `Ask ${pipeline.owner}.`,
    })
  }
}

function entryOf(pipeline: Pipeline, { email }: Caller) {
  return { pipelineId: pipeline.id, appId: null, user: email }
}

function checkedSecret(secret: string | null): string | null {
  if (secret === null || (secret.length >= LEAST_SECRET && secret.length <= MOST_SECRET)) return secret
  throw new TasukiError(
    'invalid_params',
    `The secret of a webhook has ${LEAST_SECRET} to ${MOST_SECRET} characters.`,
    { next: 'Leave it out, and one is made.' },
  )
}

function noName(text: string): TasukiError {
  return new TasukiError('invalid_params', `"${text.slice(0, 100)}" is not a repository.`, {
    next: 'Give it as owner/name.',
  })
}

function connectedAlready(pipeline: Pipeline, { fullName }: PipelineRepository): TasukiError {
  return new TasukiError('conflict', `${pipeline.name} is connected to ${fullName} already.`, {
    next: `Disconnect it first, with \`tasuki pipelines:disconnect ${pipeline.name}\`.`,
  })
}

function notConnected(pipeline: Pipeline): TasukiError {
  return new TasukiError(
    'not_found',
    `${pipeline.name} is connected to no repository: it has Tasuki's own Git.`,
    {
      next: `Connect it with \`tasuki pipelines:connect ${pipeline.name} --repo OWNER/NAME\`.`,
      details: { resource: 'repository' },
    },
  )
}
