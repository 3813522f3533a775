import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { ExternalBalancer } from '../../domain/external-balancer.ts'
import type { PreStop } from '../../domain/settings.ts'
import type { BackendSpec } from '../../rollout/ports.ts'
import type { RouterWorld, TestInstance } from '../contract.ts'
import { ExternalRouter } from './router.ts'

/** Quick, so that waits are short; still several of our own checks long. */
export const QUICK: ExternalBalancer = {
  // The time of a check is what a busy machine must not need: it is waited for at each coming and going.
  ...{ intervalMs: 25, timeoutMs: 300, rise: 3, fall: 2, marginMs: 25, ports: [] },
}
const HOOK: PreStop = { path: '/shutdown' }

const LIMIT_MS = 30_000

/** An external router with instances that are HTTP servers of this process. */
export interface ExternalWorld extends RouterWorld {
  readonly router: ExternalRouter
  /** Who was told to shut down, in order; and whom the router had replaced. */
  readonly told: string[]
  readonly condemned: string[]
  /** What becomes of a shutdown from now on; by default the instance fails its checks. */
  onShutDown(act: (instance: TestInstance | undefined) => Promise<void>): void
  /** Another router on the same file, as after a restart of the control plane. */
  restarted(): Promise<ExternalRouter>
}

export async function externalWorld(balancer = QUICK, drainMs = 50): Promise<ExternalWorld> {
  const directory = await mkdtemp(join(tmpdir(), 'tasuki-external-'))
  const instances = new Map<string, TestInstance & { server: Server }>()
  const told: string[] = []
  const condemned: string[] = []
  const routers: ExternalRouter[] = []
  let shutDown = async (instance: TestInstance | undefined) => instance?.healthy(false)
  const open = async () => {
    const router = await FitRouter.open({
      file: join(directory, 'external.json'),
      monotonic: () => performance.now(),
      rules: async () => ({ balancer, drainMs, hook: HOOK }),
      shutDown: async (id) => {
        told.push(id)
        await shutDown(instances.get(id))
      },
      condemn: async (_, id) => void condemned.push(id),
      log: { warn: () => undefined },
    })
    routers.push(router)
    return router
  }
  return {
    ...{ router: await open(), told, condemned, restarted: open },
    onShutDown: (act) => {
      shutDown = act
    },
    async instance() {
      const made = await testInstance(`web-1-${instances.size}`)
      instances.set(made.id, made)
      return made
    },
    async until(what, holds) {
      for (const end = performance.now() + LIMIT_MS; !(await holds()); await delay(5))
        if (performance.now() > end) throw new Error(`waited in vain: ${what}`)
    },
    async close() {
      for (const router of routers) router.close()
      for (const { server } of instances.values()) server.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** The settings of the contract suite name neither a check's path nor a way to shut down. */
class FitRouter extends ExternalRouter {
  override prepare(backend: BackendSpec): Promise<void> {
    return super.prepare({
      ...backend,
      settings: { ...backend.settings, checkPath: '/health', preStop: HOOK },
    })
  }
}

async function testInstance(id: string): Promise<TestInstance & { server: Server }> {
  let passes = true
  const server = createServer((_, response) => response.writeHead(passes ? 200 : 503).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const healthy = (now: boolean) => {
    passes = now
  }
  return { id, server, address: { host: '127.0.0.1', port }, healthy }
}
