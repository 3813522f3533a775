import { randomUUID } from 'node:crypto'
import { TasukiError } from '../domain/errors.ts'
import { type Stage, stageOf } from '../domain/pipeline.ts'
import type { Freeze } from '../store/freezes.ts'
import type { Pipeline } from '../store/pipelines.ts'
import type { Tables } from '../store/tables.ts'
import type { AccessService } from './access.ts'
import { record } from './audit.ts'
import type { ServiceDeps } from './context.ts'
import { type FreezeWindow, patternOf, windowAt } from './freeze-windows.ts'
import type { Caller } from './tokens.ts'

const MOST_FREEZES = 100
const MOST_REASON = 500
const LONGEST_WINDOW_MS = 31 * 24 * 3_600_000

/** When nothing may come to which stage. Without `cron` once, `from` (else now) to `until` (else until it is lifted). */
export interface FreezeWish {
  readonly stage: string
  readonly reason: string | null
  /** UTC ms. */
  readonly from: number | null
  readonly until: number | null
  /** When each window begins, in UTC; it lasts `lastsMs`. */
  readonly cron: string | null
  readonly lastsMs: number | null
}

/** A freeze, and the window of it that is open now, if one is. */
export interface FreezeView extends Freeze {
  readonly open: FreezeWindow | null
}

/** Times in which nothing comes to a stage: no promotion and no automatic deploy. Only the owner sets and lifts them. */
export class FreezeService {
  readonly #deps: ServiceDeps
  readonly #access: AccessService

  constructor(deps: ServiceDeps, access: AccessService) {
    this.#deps = deps
    this.#access = access
  }

  /** Oldest first. */
  async list(pipeline: Pipeline): Promise<FreezeView[]> {
    const all = await this.#deps.store.tables.freezes.ofPipeline(pipeline.id)
    return all.map((freeze) => this.#view(freeze))
  }

  /** Throws `invalid_params`, `forbidden`. */
  async add(caller: Caller, pipeline: Pipeline, wish: FreezeWish): Promise<FreezeView> {
    this.#access.requirePipelineOwner(caller, pipeline)
    const at = this.#now()
    check(wish, at)
    const { from, until, ...same } = wish
    const ids = { id: randomUUID(), pipelineId: pipeline.id, user: caller.email, createdAt: at }
    const freeze = { ...ids, ...same, fromAt: from, untilAt: until }
    await this.#deps.store.transaction(async (tables) => {
      stageOf(wish.stage, await tables.stages.of(pipeline.id))
      if ((await tables.freezes.ofPipeline(pipeline.id)).length >= MOST_FREEZES)
        throw refused(`${MOST_FREEZES} freezes are the most.`, 'Lift those that are over.')
      await tables.freezes.insert(freeze)
      await record(tables, { ...about(freeze, caller), action: 'stage.frozen', details: told(freeze), at })
    })
    return this.#view(freeze)
  }

  /** Throws `not_found`, `forbidden`. */
  async lift(caller: Caller, pipeline: Pipeline, id: string): Promise<FreezeView> {
    this.#access.requirePipelineOwner(caller, pipeline)
    const at = this.#now()
    const freeze = await this.#deps.store.transaction(async (tables) => {
      const found = await tables.freezes.byId(id)
      if (found?.pipelineId !== pipeline.id)
        throw new TasukiError('not_found', `${pipeline.name} has no freeze "${id.slice(0, 60)}".`, {
          next: `\`tasuki pipelines:freezes ${pipeline.name}\` lists them.`,
        })
      await tables.freezes.delete(id)
      await record(tables, { ...about(found, caller), action: 'stage.unfrozen', details: told(found), at })
      return found
    })
    return this.#view(freeze)
  }

  #view(freeze: Freeze): FreezeView {
    return { ...freeze, open: windowAt(freeze, this.#now()) }
  }

  #now(): number {
    return (this.#deps.now ?? Date.now)()
  }
}

/** The freeze that keeps everything from that stage at that instant, and its window; null when nothing does. */
export async function frozen(
  tables: Tables,
  pipelineId: string,
  stage: Stage,
  at: number,
): Promise<FreezeView | null> {
  const all = await tables.freezes.ofPipeline(pipelineId, stage)
  return all.map((freeze) => ({ ...freeze, open: windowAt(freeze, at) })).find(({ open }) => open) ?? null
}

/** Throws `conflict` while the stage is frozen. */
export async function requireThawed(
  tables: Tables,
  pipelineId: string,
  stage: Stage,
  at: number,
): Promise<void> {
  const freeze = await frozen(tables, pipelineId, stage, at)
  if (freeze === null) return
  const until = freeze.open?.until ?? null
  const end = until === null ? 'until it is lifted' : `until ${new Date(until).toISOString()}`
  const why = freeze.reason === null ? '' : ` (${freeze.reason})`
  throw new TasukiError('conflict', `${stage} is frozen ${end}${why}.`, {
    next: 'Wait, or ask the owner of the pipeline to lift it: `tasuki pipelines:unfreeze`.',
    details: { freeze: freeze.id, until },
  })
}

function check({ reason, from, until, cron, lastsMs }: FreezeWish, at: number): void {
  if ((reason?.length ?? 0) > MOST_REASON) throw refused('The reason is too long.', 'Say it in 500 letters.')
  if ((cron === null) !== (lastsMs === null))
    throw refused(
      'What comes again needs both when it begins and how long it lasts.',
      'Give both, or neither.',
    )
  if (until !== null && until <= (from ?? at))
    throw refused('The freeze would be over before it begins.', 'Choose a later end.')
  if (cron === null || lastsMs === null) return
  patternOf(cron)
  if (!(lastsMs >= 60_000 && lastsMs <= LONGEST_WINDOW_MS))
    throw refused('A window lasts for a minute to 31 days.', 'Choose another time, as `64h` or `2d`.')
}

function about({ pipelineId }: Freeze, { email }: Caller) {
  return { pipelineId, appId: null, user: email }
}

function told({ id, stage, reason, fromAt, untilAt, cron, lastsMs }: Freeze): Record<string, unknown> {
  return { freeze: id, stage, reason, from: fromAt, until: untilAt, cron, lasts_ms: lastsMs }
}

function refused(what: string, next: string): TasukiError {
  return new TasukiError('invalid_params', what, { next })
}
