import { chmod, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Ran, sourceFrom, TestApp, type TestServer } from '../harness/index.ts'

const STEADY = fileURLToPath(new URL('../apps/steady', import.meta.url))

/** Short limits, so that a rollout takes seconds; each can be set otherwise. */
const QUICK = {
  drain_seconds: 15,
  stream_seconds: 1,
  stop_seconds: 2,
  boot_seconds: 15,
  bake_seconds: 1,
  hold_seconds: 10,
  pre_stop: { path: '/shutdown' },
}

/** Variables that make the app behave as its README says, beside its config. */
export type Behaviour = Readonly<Record<string, string | number>>

export type Settings = Readonly<Record<string, unknown>>

/** Path in the source → content. */
export type Files = Readonly<Record<string, string>>

/** Where the instances write down what they have carried out. */
export interface OrderBook {
  /** Config vars that lead there. */
  readonly config: Readonly<Record<string, string>>
  /** One line per order carried out: its id, and who did it. */
  read(): Promise<string>
}

export interface SubjectOptions {
  readonly name?: string
  readonly instances?: number
  /** Keys of `tasuki` in app.json. */
  readonly settings?: Settings
  readonly behaviour?: Behaviour
  /** Command of the web process; `node server.js` unless given. */
  readonly command?: string
  /** Files of each source. */
  readonly files?: Files
  /** Default: a file in the server's directory, which instances on other machines can't reach. */
  readonly orders?: OrderBook
  /** Called when the app exists and nothing was deployed. */
  readonly created?: (app: TestApp) => Promise<unknown>
}

/** The app under test, steady: deployed once, ready for load. */
export class Subject {
  readonly app: TestApp
  readonly server: TestServer
  readonly #options: SubjectOptions
  readonly #orders: OrderBook
  #count = 0

  private constructor(app: TestApp, options: SubjectOptions, orders: OrderBook) {
    this.app = app
    this.server = app.server
    this.#options = options
    this.#orders = orders
  }

  static async create(server: TestServer, options: SubjectOptions = {}): Promise<Subject> {
    const name = options.name ?? 'subject'
    const app = await TestApp.create(server, { name })
    const orders = options.orders ?? (await orderFile(join(server.directory, `orders-${name}`)))
    const subject = new Subject(app, options, orders)
    await app.config(orders.config)
    await options.created?.(app)
    await subject.mustDeploy()
    return subject
  }

  /** A source that differs from all before, so that each deploy is another artifact. */
  source(behaviour: Behaviour = {}, settings: Settings = {}, files: Files = {}): Promise<string> {
    const { instances = 2, command = 'exec node server.js' } = this.#options
    const variables = Object.entries({ ...this.#options.behaviour, ...behaviour, BUILD: ++this.#count })
    const assignments = variables.map(([name, value]) => `${name}=${value}`).join(' ')
    const appJson = {
      formation: { web: { quantity: instances } },
      healthchecks: { web: [{ type: 'readiness', path: '/health' }] },
      tasuki: { ...QUICK, ...this.#options.settings, ...settings },
    }
    return sourceFrom(this.server, STEADY, {
      Procfile: `web: export ${assignments}; ${command}\nrelease: node release.js\n`,
      'app.json': JSON.stringify(appJson),
      ...this.#options.files,
      ...files,
    })
  }

  /** Deploys a new build and follows it to its end. */
  async deploy(behaviour: Behaviour = {}, settings: Settings = {}, files: Files = {}): Promise<Ran> {
    const source = await this.source(behaviour, settings, files)
    const ran = await this.app.deploy(source)
    await rm(source, { recursive: true })
    return ran
  }

  async mustDeploy(behaviour: Behaviour = {}, settings: Settings = {}): Promise<void> {
    const ran = await this.deploy(behaviour, settings)
    if (ran.code !== 0) throw new Error(`the deploy ended with ${ran.code}:\n${ran.stdout}\n${ran.stderr}`)
  }

  /** Ends it, and waits until its instances are gone. */
  async destroy(): Promise<void> {
    await this.app.destroy()
  }

  /** Ids of the orders that instances have carried out, as often as they did. */
  async ordersDone(): Promise<string[]> {
    const lines = (await this.#orders.read()).split('\n')
    return lines.filter((line) => line !== '').map((line) => line.split(' ')[0]!)
  }
}

async function orderFile(path: string): Promise<OrderBook> {
  await writeFile(path, '')
  // Instances have users of their own.
  await chmod(path, 0o666)
  return { config: { ORDERS_LOG: path }, read: () => readFile(path, 'utf8') }
}
