import { TasukiError } from '../domain/errors.ts'
import type { App } from '../store/apps.ts'
import type { Pipeline } from '../store/pipelines.ts'
import type { Tables } from '../store/tables.ts'
import type { AccessService } from './access.ts'
import { announce } from './announce.ts'
import { record } from './audit.ts'
import { transferApp } from './collaborators.ts'
import type { ServiceDeps } from './context.ts'
import type { Caller } from './tokens.ts'
import type { UserService } from './users.ts'

/** Giving pipelines to other users, with the apps that stand in them. */
export class PipelineTransferService {
  readonly #deps: ServiceDeps
  readonly #access: AccessService
  readonly #users: UserService

  constructor(deps: ServiceDeps, access: AccessService, users: UserService) {
    this.#deps = deps
    this.#access = access
    this.#users = users
  }

  /**
   * The pipeline and all of its apps belong to that user (id or e-mail address) from now on; who owned an app works on it. For
   * the owner of the pipeline and of all the apps. Throws `forbidden`, `not_found`, `invalid_params`; then nothing is changed.
   */
  async transfer(caller: Caller, pipeline: Pipeline, to: string): Promise<Pipeline> {
    this.#access.requirePipelineOwner(caller, pipeline)
    const heir = await this.#users.find(to)
    if (heir.email === pipeline.owner)
      throw new TasukiError('invalid_params', `${pipeline.name} belongs to ${heir.email} already.`)
    const at = Date.now()
    const moved = await this.#deps.store.transaction(async (tables) => {
      const apps = (await appsIn(tables, pipeline)).filter(({ owner }) => owner !== heir.email)
      this.#requireAll(caller, apps)
      for (const app of apps) await transferApp(tables, app, heir, caller, at)
      await tables.pipelines.setOwner(pipeline.id, heir.email, at)
      const details = { from: pipeline.owner, to: heir.email, apps: apps.map(({ name }) => name) }
      const about = { pipelineId: pipeline.id, appId: null, user: caller.email, at }
      await record(tables, { ...about, action: 'pipeline.transferred', details })
      return apps
    })
    for (const { id } of moved) announce(this.#deps, id, `Transferred to ${heir.email} by ${caller.email}`)
    return { ...pipeline, owner: heir.email, updatedAt: at }
  }

  #requireAll(caller: Caller, apps: readonly App[]): void {
    const others = apps.filter((app) => !this.#access.owns(caller, app))
    if (others.length === 0) return
    const names = others.map(({ name }) => name).join(', ')
    throw new TasukiError('forbidden', `Not all apps of the pipeline are yours: ${names}.`, {
      next: 'Have them transferred by their owners first, or take them out of the pipeline.',
    })
  }
}

async function appsIn(tables: Tables, { id }: Pipeline): Promise<App[]> {
  const couplings = await tables.couplings.ofPipeline(id)
  const apps = await Promise.all(couplings.map(({ appId }) => tables.apps.byId(appId)))
  return apps.filter((app) => app !== null && app.destroyedAt === null) as App[]
}
