import type { Artifact } from '../domain/artifact.ts'
import { type Strategy, slotsFor, surgeOf } from '../domain/settings.ts'
import { sizeOf } from '../domain/size.ts'
import type { PreviewStep } from '../rollout/preview.ts'
import type { Wanted, WantedType } from '../rollout/spec.ts'
import type { App } from '../store/apps.ts'
import type { StoredRelease } from '../store/releases.ts'
import type { Tables } from '../store/tables.ts'
import { wantedOf } from '../store/wanted.ts'
import type { ServiceDeps } from './context.ts'
import { liveApp } from './live-app.ts'
import { makeRelease } from './releases.ts'
import { type Risk, risksOf } from './risks.ts'
import { beginRollout, intendedRelease } from './rollouts.ts'

/** What a rollout would do, before it does it. */
export interface Plan {
  readonly app: string
  /** Version that serves now; null when none does. */
  readonly from: number | null
  readonly to: number
  readonly strategy: Strategy
  readonly steps: readonly PreviewStep[]
  readonly risks: readonly Risk[]
  /** The most instances at a time, and the memory that they may use together. */
  readonly peak: { readonly instances: number; readonly memoryMiB: number }
  /** Slots that the router gives the routable type. */
  readonly slots: number
}

interface Imagined {
  readonly wanted: Wanted
  readonly artifact: Artifact
}

/** Plans of rollouts that nobody has asked for yet. */
export class PlanService {
  readonly #deps: ServiceDeps

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  /** Of a rollout to that release; null: of a fresh deploy of the present artifact. Null when there is none. */
  async plan(app: App, release: StoredRelease | null): Promise<Plan | null> {
    const imagined = await this.#deps.store.imagine((tables) => begun(tables, app.id, release))
    if (!imagined?.wanted.rollout) return null
    const { artifact } = imagined
    const { rollout } = imagined.wanted
    const wanted = { ...imagined.wanted, superseded: [] }
    const preview = await this.#deps.planner.preview(wanted)
    const types = wanted.types.get(rollout.target.generation) ?? []
    const memoryMiB = peakMemory(types, rollout.base !== null)
    return {
      app: app.name,
      from: rollout.base?.release ?? null,
      to: rollout.target.release,
      strategy: rollout.strategy,
      steps: preview.steps,
      risks: risksOf({ types, artifact, memoryMiB, headroom: await this.#deps.runtime.headroom(), preview }),
      peak: { instances: preview.peakInstances, memoryMiB },
      slots: slotsOf(types),
    }
  }
}

/** What would be wanted if it began now; seen inside a transaction that is taken back. */
async function begun(tables: Tables, appId: string, given: StoredRelease | null): Promise<Imagined | null> {
  const app = await liveApp(tables, appId)
  const release = given ?? (await intendedRelease(tables, app.id))
  if (!release?.artifact) return null
  if (given) await beginRollout(tables, app, given, 'release', Date.now())
  else await freshRelease(tables, appId, release)
  const wanted = await wantedOf(tables, appId, 'plan')
  return { wanted: wanted!, artifact: await tables.artifacts.get(release.artifact) }
}

async function freshRelease(tables: Tables, appId: string, release: StoredRelease): Promise<void> {
  const { artifact, commit } = release
  const config = await tables.config.get(appId)
  const making = { artifact, commit, description: 'Plan', config, user: '' }
  await makeRelease(tables, await liveApp(tables, appId), making, Date.now())
}

/** Old and new together, MiB: the whole quantity and the surge of each type, each at its size's limit. */
function peakMemory(types: readonly WantedType[], replacing: boolean): number {
  return types.reduce((sum, type) => {
    const surge = replacing ? overlap(type) : 0
    return sum + (type.quantity + surge) * sizeOf(type.size).memoryMiB
  }, 0)
}

/** Old instances that are still there beside a full new set. */
function overlap(type: WantedType): number {
  if (type.settings.singleton) return 0
  return type.quantity === 0 ? 0 : surgeOf(type.settings, type.quantity)
}

function slotsOf(types: readonly WantedType[]): number {
  const routable = types.find((type) => type.routable)
  return routable ? slotsFor(routable.settings, routable.quantity) : 0
}
