import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { Subject, type SubjectOptions } from '../e2e/subject.ts'
import { TestServer, until } from '../harness/index.ts'
import type { ServerOptions } from '../harness/server.ts'
import { askDocker } from './docker-socket.ts'
import { type HostName, Lab, type LabOptions } from './lab.ts'
import { OrderDesk } from './order-desk.ts'

/** The label that the hosts of a fleet have. */
const LABEL = 'apps'

/** A host as `GET /tasuki/hosts` tells it. */
interface HostView {
  readonly name: string
  readonly state: string
  readonly reachable: boolean
}

/** What runs of the platform on a host, by Docker's own word. */
interface Container {
  readonly id: string
  readonly app: string
  readonly release: number
  readonly running: boolean
}

/** As Docker's API lists it. */
interface ListedContainer {
  readonly Names: readonly string[]
  readonly Labels: Readonly<Record<string, string>>
  readonly State: string
}

/** A control plane with its router on this machine, and hosts of a lab on which its apps run. */
export class LabFleet {
  readonly lab: Lab
  readonly server: TestServer
  readonly orders: OrderDesk

  private constructor(lab: Lab, server: TestServer, orders: OrderDesk) {
    this.lab = lab
    this.server = server
    this.orders = orders
  }

  /** Brings all of it up; the first `hosts` of the lab are in the fleet, the first of them builds images. */
  static async start(options: LabOptions & ServerOptions): Promise<LabFleet> {
    const lab = await Lab.start(options)
    try {
      const orders = await OrderDesk.at(lab.desk)
      const server = await TestServer.start(options).catch((error) => {
        orders.close()
        throw error
      })
      const fleet = new LabFleet(lab, server, orders)
      for (const host of lab.hosts) await fleet.add(host)
      await fleet.must('PUT', '/tasuki/base-image', { image: 'lab/node' })
      return fleet
    } catch (error) {
      await lab.down()
      throw error
    }
  }

  /** The host joins the fleet under its own name. */
  async add(host: HostName): Promise<void> {
    const { public_key: key } = await this.server.get('/tasuki/host-key')
    await appendFile(join(this.lab.root(host), 'home/deploy/.ssh/authorized_keys'), `${key}\n`)
    const labels = host === 'h1' ? [LABEL, 'builder'] : [LABEL]
    await this.must('POST', '/tasuki/hosts', { url: this.lab.url(host), name: host, labels })
  }

  /** An app on the hosts, deployed: its slug is put on the lab's image, or an image is built where it has a Dockerfile. */
  subject(options: SubjectOptions = {}): Promise<Subject> {
    return Subject.create(this.server, {
      ...options,
      // A machine that carries several others boots nothing at once.
      settings: { boot_seconds: 30, ...options.settings },
      orders: this.orders,
      created: (app) =>
        this.must('PUT', `/tasuki/apps/${app.name}/placement`, { runtime: 'docker', label: LABEL }),
    })
  }

  /** Waits until the control plane sees the host as told. */
  seen(host: HostName, reachable: boolean, limitMs = 60_000): Promise<HostView> {
    return until(
      `${host} to be seen as ${reachable ? 'reachable' : 'silent'}`,
      async () => {
        const hosts: HostView[] = await this.server.get('/tasuki/hosts')
        return hosts.find((one) => one.name === host && one.reachable === reachable)
      },
      limitMs,
    )
  }

  /** The platform's containers on a host, asked of its Docker and not over the network. */
  async containers(host: HostName): Promise<Container[]> {
    const filters = encodeURIComponent(JSON.stringify({ label: ['tasuki.app'] }))
    const path = `/containers/json?all=1&filters=${filters}`
    const listed = (await askDocker(this.lab.socket(host), path)) as ListedContainer[]
    return listed.map(({ Names: [name = ''], Labels: labels, State: state }) => ({
      id: name.slice(1),
      app: labels['tasuki.app-name'] ?? '',
      release: Number(labels['tasuki.release']),
      running: state === 'running',
    }))
  }

  /**
   * Waits until the hosts have exactly what the app's formation wants, all of one release and serving, and nothing that is
   * left over.
   */
  async whole(
    subject: Subject,
    quantity: number,
    hosts: readonly HostName[] = this.lab.hosts,
  ): Promise<void> {
    const { name } = subject.app
    let seen = ''
    const exact = async () => {
      const lists = await Promise.all(hosts.map((host) => this.containers(host)))
      const containers = lists.flat().filter((one) => one.app === name)
      const dynos = (await subject.app.dynos()).filter((one) => one.type === 'web')
      seen = JSON.stringify({ containers, dynos: dynos.map(({ id, state }) => `${id} ${state}`) })
      const ids = new Set(dynos.map(({ id }) => id))
      const up = dynos.length === quantity && dynos.every(({ state }) => state === 'up')
      const none = containers.every(({ running, release }) => running && release === containers[0]!.release)
      return up && none && containers.length === quantity && ids.size === quantity
    }
    await until(`${quantity} instances of ${name} and nothing else`, exact, 90_000).catch((error) => {
      throw new Error(`${error.message}\n${seen}\n${this.server.log()}`)
    })
  }

  /** Shows the control plane's log with a test that failed. To be called after each. */
  tell(t: TestContext): void {
    // The types of Node 24 leave `passed` out.
    if (!(t as TestContext & { readonly passed: boolean }).passed) t.diagnostic(this.server.log())
  }

  /** Ends all of it. Repeatable. */
  async close(): Promise<void> {
    try {
      await this.server.close()
    } finally {
      this.orders.close()
      await this.lab.down()
    }
  }

  /** A call of the API that has to succeed. */
  async must(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await this.server.call(method, path, body)
    if (answer.status < 300) return answer.body
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  }
}

/** As somebody writes it who has one of Node's images in mind. */
export const DOCKERFILE = `FROM node:24-slim
WORKDIR /app
COPY . .
USER app
CMD ["node", "server.js"]
`
