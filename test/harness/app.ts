import { cp, mkdtemp, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Ran } from './run.ts'
import type { TestServer } from './server.ts'
import { until } from './until.ts'
import { type Visit, visit } from './visit.ts'

/** A rollout as `GET /tasuki/rollouts/R` tells it. */
interface RolloutView {
  readonly id: string
  readonly status: 'running' | 'succeeded' | 'returned' | 'failed' | 'superseded'
  readonly to: number
  readonly reason: string | null
  readonly phase: string | null
  /** Null until it has ended. */
  readonly receipt: unknown
}

/** A running copy as `GET /apps/A/dynos` tells it. */
interface DynoView {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly state: string
  readonly release: { readonly version: number }
}

export interface AppOptions {
  readonly name: string
  readonly config?: Readonly<Record<string, string>>
}

/**
 * An app on a test server, handled as users do: deploys through the command line, what only leads to a test's subject through
 * the API, which costs no process.
 */
export class TestApp {
  readonly server: TestServer
  readonly name: string

  private constructor(server: TestServer, name: string) {
    this.server = server
    this.name = name
  }

  static async create(server: TestServer, options: AppOptions): Promise<TestApp> {
    const app = new TestApp(server, options.name)
    const { status, body } = await server.call('POST', '/apps', { name: options.name })
    if (status !== 201) throw new Error(`create: ${status} ${JSON.stringify(body)}`)
    if (options.config) await app.config(options.config)
    return app
  }

  /** One that was created by other means. */
  static existing(server: TestServer, name: string): TestApp {
    return new TestApp(server, name)
  }

  /** Host header under which visitors reach it. */
  get host(): string {
    return this.server.host(this.name)
  }

  /** A command of `tasuki … -a APP`. */
  cli(args: readonly string[]): Promise<Ran> {
    return this.server.cli([...args, '-a', this.name])
  }

  /** The same; throws with all its output unless it ends with 0. */
  async must(args: readonly string[]): Promise<Ran> {
    const ran = await this.cli(args)
    if (ran.code === 0) return ran
    throw new Error(`tasuki ${args.join(' ')} ended with ${ran.code}:\n${ran.stdout}\n${ran.stderr}`)
  }

  /** Changes config vars and waits until the change is live. */
  async config(change: Readonly<Record<string, string | null>>): Promise<void> {
    const { status, body } = await this.server.call('PATCH', `/apps/${this.name}/config-vars`, change)
    if (status !== 200) throw new Error(`config: ${status} ${JSON.stringify(body)}`)
    await this.settled()
  }

  deploy(source: string): Promise<Ran> {
    return this.cli(['deploy', source])
  }

  async mustDeploy(source: string): Promise<void> {
    await this.must(['deploy', source])
  }

  /** Sets the formation, and waits until as many instances are up and no others. */
  async scale(quantities: Readonly<Record<string, number>>): Promise<void> {
    const updates = Object.entries(quantities).map(([type, quantity]) => ({ type, quantity }))
    const path = `/apps/${this.name}/formation`
    const { status, body } = await this.server.call('PATCH', path, { updates })
    if (status !== 200) throw new Error(`scale: ${status} ${JSON.stringify(body)}`)
    await until(`${this.name} to be scaled`, async () => {
      const dynos = await this.dynos()
      return Object.entries(quantities).every(([type, quantity]) => {
        const ofType = dynos.filter((dyno) => dyno.type === type)
        return ofType.length === quantity && ofType.every((dyno) => dyno.state === 'up')
      })
    })
  }

  /** Ends the app, and waits until the last process of its instances is gone. */
  async destroy(): Promise<void> {
    const { status, body } = await this.server.call('DELETE', `/apps/${this.name}`)
    if (status !== 200) throw new Error(`destroy: ${status} ${JSON.stringify(body)}`)
    await until(`${this.name} to be gone`, async () => {
      const { status } = await this.server.call('GET', `/apps/${this.name}`)
      return status === 404
    })
  }

  dynos(): Promise<DynoView[]> {
    return this.server.get(`/apps/${this.name}/dynos`)
  }

  /** Newest first. */
  rollouts(): Promise<RolloutView[]> {
    return this.server.get(`/tasuki/apps/${this.name}/rollouts`)
  }

  /** The newest rollout once none runs any more. */
  settled(limitMs = 180_000): Promise<RolloutView | undefined> {
    const newest = async () => {
      const rollouts = await this.rollouts()
      return rollouts.some((rollout) => rollout.status === 'running' || rollout.receipt === null)
        ? null
        : { newest: rollouts[0] }
    }
    return until(`${this.name}'s rollout to end`, newest, limitMs).then((found) => found.newest)
  }

  /** A request through the router, on a connection of its own. */
  visit(path = '/', method = 'GET'): Promise<Visit> {
    return visit(this.server.url, this.host, path, method)
  }
}

/** A copy of a source directory with some files changed, in the server's temporary directory. */
export async function sourceFrom(
  server: TestServer,
  directory: string,
  changes: Readonly<Record<string, string>> = {},
): Promise<string> {
  const copy = await mkdtemp(join(server.directory, `source-${basename(directory)}-`))
  await cp(directory, copy, { recursive: true, filter: (path) => !path.includes('node_modules') })
  for (const [file, text] of Object.entries(changes)) await writeFile(join(copy, file), text)
  return copy
}
