import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Address } from '../../../domain/instance.ts'
import { DEFAULT_SETTINGS } from '../../../domain/settings.ts'
import type { Assignment, BackendKey, RouterServer } from '../../../rollout/ports.ts'
import type { RouterWorld, TestInstance } from '../../contract.ts'
import { freePort } from '../free-port.ts'
import { HaproxyRouter, type RouterOptions } from '../router.ts'

export const KEY: BackendKey = { appId: 'app-1', type: 'web' }
export const HOST = 'app-1.test'

const UNTIL_MS = 30_000

/** An HTTP server of this process that stands for an instance. */
export interface TestApp extends TestInstance {
  readonly server: Server
  /** How many checks it has answered. */
  checks(): number
  /** The next check fails, those after it pass. */
  failOnce(): void
  close(): Promise<void>
}

/** A real HAProxy in a directory of its own, and instances for it. */
export class HaproxyWorld implements RouterWorld {
  router: HaproxyRouter
  readonly options: RouterOptions
  readonly http: Address
  readonly #apps: TestApp[] = []

  private constructor(options: RouterOptions, http: Address) {
    this.options = options
    this.http = http
    this.router = new HaproxyRouter(options)
  }

  static async open(more: Partial<RouterOptions> = {}): Promise<HaproxyWorld> {
    const directory = more.directory ?? (await mkdtemp(join(tmpdir(), 'tasuki-router-')))
    const http = { host: '127.0.0.1', port: await freePort() }
    const options = {
      ...{ directory, http: `${http.host}:${http.port}`, spareBackends: 2, log: SILENT },
      ...more,
    }
    try {
      const world = new HaproxyWorld(options, http)
      await world.router.start()
      return world
    } catch (error) {
      await rm(directory, { recursive: true, force: true })
      throw error
    }
  }

  /** The control plane's end of the router goes and a new one comes. */
  async replaceRouter(): Promise<'started' | 'adopted'> {
    await this.router.close()
    this.router = new HaproxyRouter(this.options)
    return this.router.start()
  }

  instance(): Promise<TestApp> {
    return this.app((_, response) => response.end('hello'))
  }

  /** An instance that answers checks by its health and all else by the listener. */
  async app(listener: RequestListener): Promise<TestApp> {
    let passes = true
    let failing = false
    let checks = 0
    const check = () => {
      checks += 1
      const passed = passes && !failing
      failing = false
      return passed ? 200 : 503
    }
    const server = createServer({ keepAliveTimeout: 30_000 }, (request, response) => {
      if (request.url === '/health') response.writeHead(check()).end()
      else listener(request, response)
    })
    await new Promise<void>((go) => server.listen(0, '127.0.0.1', go))
    const { port } = server.address() as { port: number }
    const app = {
      id: `web-1-${this.#apps.length + 1}`,
      address: { host: '127.0.0.1', port },
      server,
      healthy: (on: boolean) => {
        passes = on
      },
      checks: () => checks,
      failOnce: () => {
        failing = true
      },
      close: () => closed(server),
    }
    this.#apps.push(app)
    return app
  }

  async prepare(slots = 4, key = KEY): Promise<void> {
    await this.router.prepare({ ...key, slots, settings: DEFAULT_SETTINGS })
    await this.router.setHosts(key.appId, [`${key.appId}.test`])
  }

  async assign(app: TestInstance, checkPath: string | null = '/health', key = KEY): Promise<void> {
    await this.router.assign(key, this.assignment(app, checkPath, key))
  }

  assignment(app: TestInstance, checkPath: string | null = '/health', key = KEY): Assignment {
    return {
      ...{ instance: app.id, name: 'web.1', release: 1, address: app.address },
      ...{ checkPath, host: `${key.appId}.test` },
    }
  }

  /** Assigns the instance, waits for its checks, and admits it. */
  async serve<T extends TestInstance>(app: T, checkPath: string | null = '/health', key = KEY): Promise<T> {
    await this.assign(app, checkPath, key)
    await this.until(`${app.id} is up`, async () => (await this.server(app, key)).health === 'up')
    await this.router.admit(key, app.id, 100)
    return app
  }

  async server(app: TestInstance, key = KEY): Promise<RouterServer> {
    const view = await this.router.observe(key)
    const found = view?.servers.find((each) => each.instance === app.id)
    if (!found) throw new Error(`${app.id} has no server`)
    return found
  }

  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    await until(what, holds)
  }

  async close(): Promise<void> {
    await this.router.down()
    await Promise.all(this.#apps.map((app) => app.close()))
    await rm(this.options.directory, { recursive: true, force: true })
  }
}

/** Waits until the condition holds; what it throws counts as not yet. */
export async function until(
  what: string,
  holds: () => Promise<boolean> | boolean,
  ms = UNTIL_MS,
): Promise<void> {
  const limit = performance.now() + ms
  let last: unknown = null
  while (performance.now() < limit) {
    try {
      if (await holds()) return
    } catch (error) {
      last = error
    }
    await pause(10)
  }
  throw new Error(`waited in vain until ${what}`, { cause: last })
}

function closed(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => done())
    server.closeAllConnections()
  })
}

const SILENT = { info: silent, warn: silent, error: silent }

function silent(): undefined {
  return undefined
}
