import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { sourceFrom, TestApp, type TestServer } from '../test/harness/index.ts'
import type { LoadOptions } from '../test/load/index.ts'

/** Source directory of one of the benchmarks' apps. */
export function appSource(name: string): string {
  return join(import.meta.dirname, 'apps', name)
}

/** Source of the app of the rollout benchmarks. */
export const HELLO = appSource('hello')

/** The light load under which rollouts are measured: 200 requests a second. */
export const LIGHT: Pick<LoadOptions, 'rates'> = { rates: { get: 160, post: 40 } }

/** What the benchmarks read of a finished rollout (`GET /tasuki/rollouts/R`). */
export interface FinishedRollout {
  readonly id: string
  readonly status: string
  readonly started_at: string
  readonly finished_at: string
  readonly receipt: {
    readonly lost: number
    readonly overhead_ms: number
    readonly traffic: {
      readonly complete: boolean
      readonly before: WindowView
      readonly during: WindowView
      readonly after: WindowView
    }
    readonly instances: readonly { readonly spawned: number | null; readonly passing: number | null }[]
  }
}

export interface WindowView {
  readonly requests: number
  readonly p50: number | null
  readonly p99: number | null
}

/** The app on a server, deployed with the same number of instances and the same settings each time. */
export class Hello {
  readonly app: TestApp
  readonly #appJson: object
  #build = 0

  private constructor(app: TestApp, appJson: object) {
    this.app = app
    this.#appJson = appJson
  }

  static async create(
    server: TestServer,
    name: string,
    instances: number,
    settings: Readonly<Record<string, unknown>>,
  ): Promise<Hello> {
    const common = JSON.parse(readFileSync(join(HELLO, 'app.json'), 'utf8'))
    const appJson = { ...common, formation: { web: { quantity: instances } }, tasuki: settings }
    const hello = new Hello(await TestApp.create(server, { name }), appJson)
    await hello.deploy()
    return hello
  }

  /** Deploys a build that was never deployed before, and returns its rollout. Throws unless it has succeeded. */
  async deploy(): Promise<FinishedRollout> {
    const files = { 'app.json': JSON.stringify(this.#appJson), build: String(++this.#build) }
    const source = await sourceFrom(this.app.server, HELLO, files)
    await this.app.mustDeploy(source)
    await rm(source, { recursive: true })
    return this.newest()
  }

  /** The newest rollout, once it has ended. Throws unless it has succeeded. */
  async newest(): Promise<FinishedRollout> {
    const ended = await this.app.settled()
    if (ended?.status !== 'succeeded') throw new Error(`a rollout has ${ended?.status}: ${ended?.reason}`)
    return this.app.server.get(`/tasuki/rollouts/${ended.id}`)
  }

  async destroy(): Promise<void> {
    await this.app.must(['destroy', '--confirm', this.app.name])
  }
}
