import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ExternalBalancer } from '../../domain/external-balancer.ts'
import type { PreStop } from '../../domain/settings.ts'
import type { Assignment, BackendKey } from '../../rollout/ports.ts'
import { writeDurably } from '../haproxy/durable.ts'

/** What an instance is taken in and out by. */
export interface ServerRules {
  readonly balancer: ExternalBalancer
  /** ms that requests in flight may take once the balancer sends no new ones. */
  readonly drainMs: number
  /** What makes its health check fail. */
  readonly hook: PreStop
}

/** An instance behind the balancer, as far as it has come. */
export interface ServerRecord extends BackendKey, Assignment {
  readonly rules: ServerRules
  /** `admitted`: it has been seen to pass for as long as the balancer needs. `draining`: it is told to shut down. */
  readonly phase: 'assigned' | 'admitted' | 'draining' | 'parked'
  /** Of one that drains: it has been asked to shut down, with whatever outcome. */
  readonly asked: boolean
}

interface BackendRecord extends BackendKey {
  readonly slots: number
}

interface Pages {
  readonly backends: readonly BackendRecord[]
  readonly servers: readonly ServerRecord[]
}

/** What the control plane has to remember of instances that nobody else tells it of: a file, replaced as a whole. */
export class ExternalBook {
  readonly #path: string
  readonly #backends = new Map<string, BackendRecord>()
  readonly #servers = new Map<string, ServerRecord>()
  #writing: Promise<void> = Promise.resolve()

  private constructor(path: string, { backends, servers }: Pages) {
    this.#path = path
    for (const one of backends) this.#backends.set(keyOf(one), one)
    for (const one of servers) this.#servers.set(one.instance, one)
  }

  static async open(path: string): Promise<ExternalBook> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw error
    })
    return new ExternalBook(path, text === null ? { backends: [], servers: [] } : (JSON.parse(text) as Pages))
  }

  /** Null when it was never prepared. */
  slots(key: BackendKey): number | null {
    return this.#backends.get(keyOf(key))?.slots ?? null
  }

  servers(): ServerRecord[] {
    return [...this.#servers.values()]
  }

  serversOf(key: BackendKey): ServerRecord[] {
    return this.servers().filter((one) => keyOf(one) === keyOf(key))
  }

  server(key: BackendKey, instance: string): ServerRecord | null {
    const found = this.#servers.get(instance)
    return found && keyOf(found) === keyOf(key) ? found : null
  }

  async prepare({ appId, type }: BackendKey, slots: number): Promise<void> {
    if ((this.slots({ appId, type }) ?? 0) >= slots) return
    this.#backends.set(keyOf({ appId, type }), { appId, type, slots })
    await this.#write()
  }

  /** Durable when it resolves. */
  async keep(server: ServerRecord): Promise<void> {
    this.#servers.set(server.instance, server)
    await this.#write()
  }

  async drop(instance: string): Promise<void> {
    if (this.#servers.delete(instance)) await this.#write()
  }

  async dropApp(appId: string): Promise<void> {
    const of = (one: BackendKey) => one.appId === appId
    const backends = [...this.#backends.values()].filter(of)
    const servers = this.servers().filter(of)
    for (const one of backends) this.#backends.delete(keyOf(one))
    for (const one of servers) this.#servers.delete(one.instance)
    if (backends.length + servers.length > 0) await this.#write()
  }

  /** One after the other; each writes what is so when its turn comes. */
  #write(): Promise<void> {
    const write = () => {
      const pages: Pages = { backends: [...this.#backends.values()], servers: this.servers() }
      return writeDurably(this.#path, `${JSON.stringify(pages)}\n`)
    }
    const turn = this.#writing.then(write, write)
    this.#writing = turn.catch(() => undefined)
    return turn
  }
}

function keyOf({ appId, type }: BackendKey): string {
  return `${appId}/${type}`
}
