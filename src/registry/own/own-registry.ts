import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Authority } from '../../tls/authority.ts'
import type { RegistryPaths } from './config.ts'
import { RegistryDaemon, type RegistryLog } from './daemon.ts'
import { Door, type DoorKeys } from './door.ts'

const RENEW_MS = 12 * 3_600_000

/** The registry that this server keeps: Debian's, behind a door with TLS and two logins. It lives as long as the control plane. */
export class OwnRegistry {
  readonly #paths: RegistryPaths
  readonly #daemon: RegistryDaemon
  readonly #log: RegistryLog
  #door: Door | null = null
  #closed: string | null = null
  #renewing: NodeJS.Timeout | null = null

  constructor(data: string, log: RegistryLog) {
    this.#log = log
    const home = join(data, 'registry')
    this.#paths = {
      home,
      storage: join(home, 'storage'),
      socket: join(home, 'socket'),
      config: join(home, 'config.yml'),
    }
    this.#daemon = new RegistryDaemon(this.#paths, log)
  }

  get running(): boolean {
    return this.#door !== null
  }

  /** Answers with the certificate of the authority that its clients are to trust. Throws `setup_missing`. */
  async start(at: { readonly host: string; readonly port: number }, keys: DoorKeys): Promise<string> {
    await this.stop()
    mkdirSync(this.#paths.home, { recursive: true, mode: 0o700 })
    const authority = await Authority.open(this.#paths.home, Date.now())
    const names = [at.host, 'localhost', '127.0.0.1']
    const certificate = () => authority.certificateFor(names, Date.now())
    await this.#daemon.start()
    try {
      const options = {
        socket: this.#paths.socket,
        keys,
        certificate: await certificate(),
        closed: () => this.#closed,
      }
      this.#door = await Door.open(options, { host: isIP(at.host) ? at.host : '0.0.0.0', port: at.port })
    } catch (error) {
      await this.stop()
      throw error
    }
    this.#renewing = setInterval(() => {
      certificate().then(
        (fresh) => this.#door?.renew(fresh),
        (error: unknown) =>
          this.#log.warn({ error: String(error) }, 'the certificate of the registry could not be renewed'),
      )
    }, RENEW_MS)
    this.#renewing.unref()
    return authority.certificate
  }

  /** What it stores stays. */
  async stop(): Promise<void> {
    if (this.#renewing) clearInterval(this.#renewing)
    const door = this.#door
    this.#door = null
    await door?.close()
    await this.#daemon.stop()
  }

  /** Frees what no image refers to; nobody is let in meanwhile, for some seconds. Answers with the bytes that it stores then. */
  async collectGarbage(): Promise<number> {
    this.#closed = 'garbage is being collected'
    try {
      await this.#daemon.stop()
      await this.#daemon.collectGarbage()
    } finally {
      await this.#daemon.start()
      this.#closed = null
    }
    return bytesIn(this.#paths.storage)
  }
}

async function bytesIn(folder: string): Promise<number> {
  const { stdout } = await promisify(execFile)('du', ['-sb', folder])
  return Number(stdout.split('\t')[0])
}
