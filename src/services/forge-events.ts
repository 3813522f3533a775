import { createHash } from 'node:crypto'
import { TasukiError } from '../domain/errors.ts'
import { advanced } from '../domain/push-order.ts'
import type { SourceEvent } from '../domain/source-event.ts'
import type { PipelineRepository } from '../store/pipeline-repositories.ts'
import type { SourcePull } from '../store/source-heads.ts'
import type { Tables } from '../store/tables.ts'
import type { ServiceDeps } from './context.ts'
import type { ForgeDelivery, ForgeNews, ForgeTold } from './forge-port.ts'
import { GroupCommit } from './group-commit.ts'
import type { SourceEventService } from './source-events.ts'
import { stableId } from './stable-id.ts'

/** What has become of a delivery. `overtaken`: something newer has been told before. */
export interface Taken {
  readonly outcome: 'received' | 'repeated' | 'overtaken' | 'ignored'
  /** Id of the event; null when it was ignored. */
  readonly event: string | null
  /** Why it was ignored. */
  readonly why: string | null
}

type Pull = ForgeNews & { readonly news: 'pull-request' }
type Push = ForgeNews & { readonly news: 'push' }

/** Signs for pipelines that have no secret, so that those take as long to be refused. */
const NOBODY = 'no pipeline has this secret'

/**
 * Takes what a forge tells by webhook. Each thing counts once, however often and in whatever order it is told: what is told
 * again changes nothing, and what is told late does not undo what came after it.
 */
export class ForgeEvents {
  readonly #deps: ServiceDeps
  readonly #events: SourceEventService
  readonly #writes: GroupCommit

  constructor(deps: ServiceDeps, events: SourceEventService) {
    this.#deps = deps
    this.#events = events
    this.#writes = new GroupCommit(deps.store)
  }

  /**
   * Durable when it resolves. Throws `unauthorized`, saying nothing, unless the delivery is signed with the secret of that
   * pipeline; `bad_request` for what is not of the forge's shape, `invalid_params` when it is about another repository.
   */
  async receive(pipelineId: string, delivery: ForgeDelivery): Promise<Taken> {
    const { pipelineRepositories } = this.#deps.store.tables
    const repository = await pipelineRepositories.of(pipelineId)
    const right = this.#deps.forge.verify(delivery, repository?.secrets.webhook ?? NOBODY)
    if (!repository || !right) throw unsigned()
    const told = this.#deps.forge.read(delivery)
    if (told.news.news === 'nothing') return ignored(told.news.why)
    checkRepository(repository, told)
    const digest = digestOf(told, delivery)
    const event = eventOf(repository, told, told.news, digest)
    const outcome = await this.#writes.run(async (tables) => {
      if (isUnlike(repository, told)) await learn(tables, pipelineId, told)
      return keep(tables, told, event, digest)
    })
    if (outcome === 'received') this.#events.poke(pipelineId)
    return { outcome, event: event.id, why: null }
  }
}

function ignored(why: string): Taken {
  return { outcome: 'ignored', event: null, why }
}

function unsigned(): TasukiError {
  return new TasukiError('unauthorized', 'The signature is not valid.', {
    next: 'Give the webhook the secret that the pipeline was connected with.',
  })
}

function checkRepository({ fullName, remoteId }: PipelineRepository, { repository }: ForgeTold): void {
  const same =
    remoteId === null
      ? repository.fullName.toLowerCase() === fullName.toLowerCase()
      : repository.id === remoteId
  if (same) return
  throw new TasukiError(
    'invalid_params',
    `The pipeline is connected to ${fullName}, not to that repository.`,
    {
      next: 'Connect it to the other one with `tasuki pipelines:connect`, or remove the webhook there.',
    },
  )
}

function isUnlike({ remoteId, fullName }: PipelineRepository, { repository }: ForgeTold): boolean {
  return remoteId !== repository.id || fullName !== repository.fullName
}

/** By its id a repository is known whatever it is called by now. */
async function learn(tables: Tables, pipelineId: string, told: ForgeTold): Promise<void> {
  const present = await tables.pipelineRepositories.of(pipelineId)
  if (!present || !isUnlike(present, told)) return
  const { id: remoteId, fullName } = told.repository
  await tables.pipelineRepositories.put({ ...present, remoteId, fullName, updatedAt: Date.now() })
}

/** Over what was signed and what kind it is, so that no other id makes it another event. */
function digestOf({ event }: ForgeTold, { body }: ForgeDelivery): string {
  return createHash('sha256').update(`${event}\0`).update(body).digest('hex')
}

function eventOf(
  { pipelineId, kind: origin }: PipelineRepository,
  { user, at, delivery }: ForgeTold,
  news: Push | Pull,
  digest: string,
): SourceEvent {
  const id = stableId('forge-event', pipelineId, delivery || digest)
  const about = { id, pipelineId, origin, user, at }
  if (news.news === 'push') {
    const { branch, commit, forced } = news
    return { ...about, kind: 'push', branch, commit, forced }
  }
  const { news: kind, ...rest } = news
  return { ...about, kind, ...rest }
}

/** Writes it down, and how far its branch or pull request has got with it. */
async function keep(
  tables: Tables,
  told: ForgeTold,
  event: SourceEvent,
  digest: string,
): Promise<Taken['outcome']> {
  const { pipelineId } = event
  if (told.news.news === 'push') {
    const { branch, from, commit } = told.news
    const known = await tables.sourceHeads.branch(pipelineId, branch)
    const step = { from, to: commit?.sha ?? null, pushedAt: told.at, committedAt: commit?.at ?? null }
    const { head, overtaken } = advanced(known, step)
    const fresh = await write(tables, event, digest, overtaken)
    if (fresh !== 'repeated') await tables.sourceHeads.putBranch({ pipelineId, branch, ...head })
    return fresh
  }
  const pull = event as SourceEvent & Pull
  const known = await tables.sourceHeads.pull(pipelineId, pull.number)
  const overtaken = known !== null && isLate(known, pull.action, told.at)
  const fresh = await write(tables, { ...event, ...begun(known, pull) } as SourceEvent, digest, overtaken)
  if (fresh === 'received') {
    const open = pull.action !== 'closed'
    const { number, commit } = pull
    await tables.sourceHeads.putPull({ pipelineId, number, sha: commit.sha, open, changedAt: told.at })
  }
  return fresh
}

async function write(
  tables: Tables,
  event: SourceEvent,
  digest: string,
  overtaken: boolean,
): Promise<'received' | 'overtaken' | 'repeated'> {
  const state = overtaken ? 'overtaken' : 'waiting'
  const fresh = await tables.sourceEvents.insert({ event, digest, state, expects: null })
  if (!fresh) return 'repeated'
  return overtaken ? 'overtaken' : 'received'
}

/** The forge's clock has whole seconds: within one, an end is the end, and a beginning the beginning. */
function isLate(known: SourcePull, action: Pull['action'], at: number): boolean {
  if (at !== known.changedAt) return at < known.changedAt
  return known.open ? action === 'opened' : action === 'updated'
}

/** Of a pull request that nobody has heard of, the first news are its beginning, also when those of it come later. */
function begun(known: SourcePull | null, { action }: Pull): { readonly action: Pull['action'] } {
  return { action: action === 'updated' && !known?.open ? 'opened' : action }
}
