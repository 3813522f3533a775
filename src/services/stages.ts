import { TasukiError } from '../domain/errors.ts'
import { STAGES, type Stage, stageOf, withoutStage, withStage } from '../domain/pipeline.ts'
import { checkedRules, type StageRules } from '../domain/stage-rules.ts'
import type { Pipeline } from '../store/pipelines.ts'
import type { Tables } from '../store/tables.ts'
import type { AccessService } from './access.ts'
import { record } from './audit.ts'
import type { ServiceDeps } from './context.ts'
import type { Caller } from './tokens.ts'
import type { UserService } from './users.ts'

/** A stage of a pipeline, and what is asked for there. */
export interface StageView {
  readonly name: Stage
  /** It is one that this pipeline has beside those that every pipeline has. */
  readonly own: boolean
  readonly rules: StageRules
}

/** The stages of pipelines, and the rules of each. Only the owner of a pipeline changes them. */
export class StageService {
  readonly #deps: ServiceDeps
  readonly #access: AccessService
  readonly #users: UserService

  constructor(deps: ServiceDeps, access: AccessService, users: UserService) {
    this.#deps = deps
    this.#access = access
    this.#users = users
  }

  /** In their order. */
  async list({ id }: Pipeline): Promise<StageView[]> {
    const { stages } = this.#deps.store.tables
    const names = await stages.of(id)
    return Promise.all(
      names.map(async (name) => ({
        name,
        own: !STAGES.includes(name),
        rules: await stages.rules(id, name),
      })),
    )
  }

  /** Throws `invalid_params` when the pipeline has no such stage. */
  async get(pipeline: Pipeline, name: string): Promise<StageView> {
    const all = await this.list(pipeline)
    const stage = stageOf(
      name,
      all.map((one) => one.name),
    )
    return all.find((one) => one.name === stage)!
  }

  /** Another stage, behind that one. Throws `invalid_params`, `forbidden`. */
  async add(caller: Caller, pipeline: Pipeline, name: string, after: string): Promise<StageView> {
    this.#access.requirePipelineOwner(caller, pipeline)
    await this.#change(caller, pipeline, 'stage.added', { stage: name, after }, async ({ stages }) =>
      stages.set(pipeline.id, withStage(await stages.of(pipeline.id), name, after)),
    )
    return this.get(pipeline, name)
  }

  /** Throws `invalid_params`, `forbidden`, `conflict` while an app stands there or a promotion to it waits. */
  async remove(caller: Caller, pipeline: Pipeline, name: string): Promise<void> {
    this.#access.requirePipelineOwner(caller, pipeline)
    await this.#change(caller, pipeline, 'stage.removed', { stage: name }, async (tables) => {
      const left = withoutStage(await tables.stages.of(pipeline.id), name)
      await checkEmpty(tables, pipeline, name)
      await tables.stages.set(pipeline.id, left)
      await tables.stages.forgetRules(pipeline.id, name)
      await tables.freezes.deleteOfStage(pipeline.id, name)
    })
  }

  /** Changes what is given. Throws `invalid_params`, `not_found` for an approver that is no user, `forbidden`. */
  async setRules(
    caller: Caller,
    pipeline: Pipeline,
    name: string,
    change: Partial<StageRules>,
  ): Promise<StageView> {
    this.#access.requirePipelineOwner(caller, pipeline)
    const approvers = change.approvers && { approvers: await this.#known(change.approvers) }
    const given = { ...change, ...approvers }
    await this.#change(caller, pipeline, 'stage.changed', { stage: name, ...given }, async ({ stages }) => {
      const stage = stageOf(name, await stages.of(pipeline.id))
      const rules = checkedRules({ ...(await stages.rules(pipeline.id, stage)), ...given })
      await stages.setRules(pipeline.id, stage, rules, Date.now())
    })
    return this.get(pipeline, name)
  }

  /** E-mail addresses as the users go by. */
  async #known(approvers: readonly string[]): Promise<string[]> {
    const users = await Promise.all(approvers.map((one) => this.#users.find(one)))
    return [...new Set(users.map(({ email }) => email))]
  }

  async #change(
    { email: user }: Caller,
    { id: pipelineId }: Pipeline,
    action: string,
    details: Readonly<Record<string, unknown>>,
    change: (tables: Tables) => Promise<void>,
  ): Promise<void> {
    await this.#deps.store.transaction(async (tables) => {
      await change(tables)
      await record(tables, { pipelineId, appId: null, user, action, details, at: Date.now() })
    })
  }
}

async function checkEmpty(tables: Tables, { id }: Pipeline, stage: Stage): Promise<void> {
  const standing = (await tables.couplings.ofPipeline(id)).some((coupling) => coupling.stage === stage)
  const waiting = (await tables.approvals.waiting(id)).some((approval) => approval.stage === stage)
  if (!standing && !waiting) return
  throw new TasukiError('conflict', `${stage} is still in use.`, {
    next: standing ? 'Move its apps to another stage first.' : 'Answer the promotions that wait there first.',
  })
}
