import { TasukiError } from '../domain/errors.ts'
import type { RegistryAccess } from '../domain/registry.ts'
import type { FoundImage, Images, OwnRegistry, UnwantedArtifact } from './image-port.ts'

/** An image that somebody pushed. */
export function imageNamed(mark: string, more: Partial<FoundImage> = {}): FoundImage {
  const digest = `sha256:${mark.repeat(64).slice(0, 64)}`
  const config = { command: ['node', 'app.js'], entrypoint: [], labels: {} }
  return { digest, id: digest.replaceAll(mark, 'f'), size: 1000, config, ...more }
}

/** Registries and hosts with images, for tests of services. */
export class FakeImages implements Images {
  /** By `REGISTRY/REPOSITORY:TAG`; each is found by its digest too. */
  readonly inRegistries = new Map<string, FoundImage>()
  /** By the name that a Docker host knows it by. */
  readonly hosts = new Map<string, FoundImage>()
  /** Passwords that registries take, by user; others are let in without any. */
  readonly logins = new Map<string, string>()
  readonly down = new Set<string>()
  readonly removed: string[] = []
  readonly forgotten: UnwantedArtifact[][] = []
  /** Calls of `bring`: host and artifact. */
  readonly brought: [string, string][] = []
  /** Set to have hosts refuse what is brought. */
  nothingComes = false
  readonly own = new FakeOwnRegistry()

  registry({ host }: RegistryAccess, login: RegistryAccess['push']): ReturnType<Images['registry']> {
    const enter = async () => {
      if (this.down.has(host)) throw new TasukiError('registry_unavailable', `The registry ${host} is down.`)
      if (login && this.logins.get(login.user) !== login.password)
        throw new TasukiError('registry_refused', `The registry ${host} does not let us in as ${login.user}.`)
    }
    return {
      check: enter,
      find: async (repository, reference) => {
        await enter()
        const byTag = this.inRegistries.get(`${host}/${repository}:${reference}`)
        const names = [...this.inRegistries].filter(([name]) => name.startsWith(`${host}/${repository}:`))
        return byTag ?? names.map(([, image]) => image).find(({ digest }) => digest === reference) ?? null
      },
      remove: async (repository, digest) => {
        await enter()
        this.removed.push(`${host}/${repository}@${digest}`)
        return true
      },
    }
  }

  async onHosts(name: string): Promise<FoundImage | null> {
    return this.hosts.get(name) ?? null
  }

  async bring(host: string, artifact: string): Promise<void> {
    this.brought.push([host, artifact])
    if (this.nothingComes) throw new TasukiError('image_unavailable', 'Nobody has it.')
  }

  async forget(artifacts: readonly UnwantedArtifact[]): Promise<void> {
    this.forgotten.push([...artifacts])
  }
}

class FakeOwnRegistry implements OwnRegistry {
  running = false
  /** Where and for whom it was started. */
  readonly starts: Parameters<OwnRegistry['start']>[] = []
  /** Set to have it not start. */
  broken = false
  /** Whom its clients are to trust. */
  authority = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n'
  collections = 0

  async start(...given: Parameters<OwnRegistry['start']>): Promise<string> {
    if (this.broken) throw new TasukiError('setup_missing', 'The program docker-registry is not installed.')
    this.starts.push(given)
    this.running = true
    return this.authority
  }

  async stop(): Promise<void> {
    this.running = false
  }

  async collectGarbage(): Promise<number> {
    this.collections++
    return 4096
  }
}
