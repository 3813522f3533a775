import { randomUUID } from 'node:crypto'
import { TasukiError } from '../domain/errors.ts'
import { pipelineName, type Stage, stageOf } from '../domain/pipeline.ts'
import { isGuarded } from '../domain/stage-rules.ts'
import type { App } from '../store/apps.ts'
import type { Coupling, Pipeline } from '../store/pipelines.ts'
import type { Tables } from '../store/tables.ts'
import type { AccessService } from './access.ts'
import { record } from './audit.ts'
import type { ServiceDeps } from './context.ts'
import { liveApp } from './live-app.ts'
import type { Caller } from './tokens.ts'

/**
 * Pipelines: apps at stages, between which artifacts are promoted. A user sees those that are his own and those in which
 * he may see an app, and of each only the apps that he may see.
 */
export class PipelineService {
  readonly #deps: ServiceDeps
  readonly #access: AccessService

  constructor(deps: ServiceDeps, access: AccessService) {
    this.#deps = deps
    this.#access = access
  }

  get #tables(): Tables {
    return this.#deps.store.tables
  }

  /** Those that the caller may see, by name. */
  async list(caller: Caller): Promise<Pipeline[]> {
    const through = new Set((await this.couplings(caller)).map(({ pipelineId }) => pipelineId))
    const all = await this.#tables.pipelines.all()
    return all.filter((one) => this.#access.owns(caller, one) || through.has(one.id))
  }

  /** By id or name. Throws `not_found`. */
  async get(caller: Caller, which: string): Promise<Pipeline> {
    const { pipelines } = this.#tables
    const found = (await pipelines.byId(which)) ?? (await pipelines.byName(which))
    if (found && (this.#access.owns(caller, found) || (await this.couplings(caller, found)).length > 0))
      return found
    throw new TasukiError('not_found', `There is no pipeline "${which.slice(0, 60)}".`, {
      next: '`tasuki pipelines` lists them.',
      details: { resource: 'pipeline' },
    })
  }

  /** Throws `name_taken`, `invalid_params`. */
  async create(caller: Caller, name: string): Promise<Pipeline> {
    const at = Date.now()
    const pipeline = { id: randomUUID(), name, owner: caller.email, createdAt: at, updatedAt: at }
    await this.#deps.store.transaction(async (tables) => {
      await checkName(tables, name)
      await tables.pipelines.insert(pipeline)
    })
    return pipeline
  }

  /** For its owner. Throws `name_taken`, `invalid_params`, `forbidden`. */
  async rename(caller: Caller, pipeline: Pipeline, name: string): Promise<Pipeline> {
    this.#access.requirePipelineOwner(caller, pipeline)
    await this.#deps.store.transaction(async (tables) => {
      if (name === pipeline.name) return
      await checkName(tables, name)
      await tables.pipelines.rename(pipeline.id, name, Date.now())
    })
    return this.get(caller, pipeline.id)
  }

  /** For its owner; the apps stay. Throws `forbidden`, and `conflict` while it has review apps, which nobody would end. */
  async destroy(caller: Caller, pipeline: Pipeline): Promise<void> {
    this.#access.requirePipelineOwner(caller, pipeline)
    await this.#deps.store.transaction(async (tables) => {
      const { length } = await tables.reviewApps.present(pipeline.id)
      if (length > 0) throw hasReviewApps(pipeline, length)
      await tables.pipelines.delete(pipeline.id)
      await tables.sleepers.limit(pipeline.id, null)
    })
    // What its tests were built with.
    await this.#deps.builder.forgetApp(pipeline.id)
  }

  /** Which apps stand where: of all pipelines, or of one. */
  async couplings(caller: Caller, pipeline?: Pipeline): Promise<Coupling[]> {
    const { apps, couplings } = this.#tables
    const visible = await this.#access.visible(caller, await apps.all())
    const seen = new Set(visible.map(({ id }) => id))
    const all = pipeline ? await couplings.ofPipeline(pipeline.id) : await couplings.all()
    return all.filter(({ appId }) => seen.has(appId))
  }

  /** Throws `not_found`. */
  async coupling(caller: Caller, id: string): Promise<Coupling> {
    const found = await this.#tables.couplings.byId(id)
    if (found && (await this.#access.seesId(caller, found.appId))) return found
    throw new TasukiError('not_found', `There is no coupling "${id.slice(0, 60)}".`)
  }

  /** Where the app stands. Throws `not_found` when it is in no pipeline. */
  async couplingOf(app: App): Promise<Coupling> {
    const found = await this.#tables.couplings.ofApp(app.id)
    if (found) return found
    throw new TasukiError('not_found', `${app.name} is in no pipeline.`, {
      next: `Add it with \`tasuki pipelines:add PIPELINE -a ${app.name} --stage STAGE\`.`,
    })
  }

  /** The pipeline of a coupling that was just read. Throws `not_found` when it has been destroyed meanwhile. */
  async of(coupling: Coupling): Promise<Pipeline> {
    const found = await this.#tables.pipelines.byId(coupling.pipelineId)
    if (found) return found
    throw new TasukiError('not_found', 'The pipeline was destroyed meanwhile.')
  }

  /** Puts the app at that stage of the pipeline. Throws `invalid_params` when it is in one already, or there is no such stage. */
  async add(pipeline: Pipeline, app: App, stage: Stage, user: string): Promise<Coupling> {
    const at = Date.now()
    const ids = { id: randomUUID(), pipelineId: pipeline.id, appId: app.id }
    const coupling = { ...ids, stage, createdAt: at, updatedAt: at }
    await this.#deps.store.transaction(async (tables) => {
      await liveApp(tables, app.id)
      if (!(await tables.pipelines.byId(pipeline.id)))
        throw new TasukiError('not_found', `The pipeline ${pipeline.name} was destroyed meanwhile.`)
      stageOf(stage, await tables.stages.of(pipeline.id))
      if (await tables.couplings.ofApp(app.id)) throw inOneAlready(app)
      await tables.couplings.insert(coupling)
      await record(tables, {
        ...about(coupling, user),
        action: 'app.added',
        details: { app: app.name, stage },
      })
    })
    return coupling
  }

  /** Throws `invalid_params` for an unknown stage; `forbidden` where the stage that it leaves is guarded. */
  async setStage(caller: Caller, coupling: Coupling, stage: Stage): Promise<Coupling> {
    const updatedAt = Date.now()
    await this.#deps.store.transaction(async (tables) => {
      stageOf(stage, await tables.stages.of(coupling.pipelineId))
      await this.#checkLeave(tables, caller, coupling)
      await tables.couplings.setStage(coupling.id, stage, updatedAt)
      const details = { from: coupling.stage, to: stage }
      await record(tables, { ...about(coupling, caller.email), action: 'app.moved', details })
    })
    return { ...coupling, stage, updatedAt }
  }

  /** Takes the app out; what it runs stays. Throws `forbidden` where its stage is guarded. */
  async remove(caller: Caller, coupling: Coupling): Promise<void> {
    await this.#deps.store.transaction(async (tables) => {
      await this.#checkLeave(tables, caller, coupling)
      await tables.couplings.delete(coupling.id)
      const details = { stage: coupling.stage }
      await record(tables, { ...about(coupling, caller.email), action: 'app.removed', details })
    })
  }

  /** Else whoever is to wait for approval would take the app out of its stage, deploy to it, and put it back. */
  async #checkLeave(tables: Tables, caller: Caller, { pipelineId, stage }: Coupling): Promise<void> {
    if (!isGuarded(await tables.stages.rules(pipelineId, stage))) return
    const pipeline = await tables.pipelines.byId(pipelineId)
    if (pipeline) this.#access.requirePipelineOwner(caller, pipeline)
  }
}

function about({ pipelineId, appId }: Coupling, user: string) {
  return { pipelineId, appId, user, at: Date.now() }
}

function hasReviewApps({ name }: Pipeline, count: number): TasukiError {
  const apps = count === 1 ? 'a review app' : `${count} review apps`
  return new TasukiError('conflict', `${name} has ${apps}.`, {
    next: `Destroy them first: \`tasuki reviewapps -p ${name}\` lists them.`,
  })
}

async function checkName(tables: Tables, name: string): Promise<void> {
  pipelineName(name)
  if (await tables.pipelines.byName(name)) throw new TasukiError('name_taken', `The name "${name}" is taken.`)
}

function inOneAlready(app: App): TasukiError {
  return new TasukiError('invalid_params', `${app.name} is in a pipeline already.`, {
    next: `Move it with \`tasuki pipelines:update\`, or take it out with \`tasuki pipelines:remove -a ${app.name}\`.`,
  })
}
