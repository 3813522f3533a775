import type { ImageConfig } from '../domain/image-config.ts'
import type { Login, RegistryAccess } from '../domain/registry.ts'

/** An image, as whoever has it describes it. */
export interface FoundImage {
  /** Digest of its manifest in a registry, or its id. */
  readonly digest: string
  /** Digest of its configuration. */
  readonly id: string
  /** Bytes. */
  readonly size: number
  readonly config: ImageConfig
}

/** Questions to a registry. All throw `registry_unavailable`, `registry_refused`. Repositories are without the registry's host. */
interface RegistryQuestions {
  /** That it answers and lets us in. */
  check(): Promise<void>
  /** By tag or digest; null: it has none. */
  find(repository: string, reference: string): Promise<FoundImage | null>
  /** With its tags. False: there was none, or it lets nobody remove any. */
  remove(repository: string, digest: string): Promise<boolean>
}

/** The registry that the server keeps itself. It lives as long as the control plane; what it stores stays. */
export interface OwnRegistry {
  readonly running: boolean
  /** Answers with the certificate of the authority that its clients are to trust. Throws `setup_missing`. */
  start(
    at: { readonly host: string; readonly port: number },
    keys: { readonly push: Login; readonly pull: Login },
  ): Promise<string>
  stop(): Promise<void>
  /** Frees what no image refers to; it answers nobody meanwhile. Answers with the bytes that it stores then. */
  collectGarbage(): Promise<number>
}

/** What the services need of images and where they are. */
export interface Images {
  registry(access: RegistryAccess, login: Login | null): RegistryQuestions
  readonly own: OwnRegistry
  /** What a Docker host that answers has under that name; null: none has it. */
  onHosts(name: string): Promise<FoundImage | null>
  /** Makes sure that what an artifact runs from is on the host with that id; another may have to give it. Throws TasukiError. */
  bring(host: string, artifact: string): Promise<void>
  /** Removes from the hosts that answer what is made of those artifacts, unless something runs of it. */
  forget(artifacts: readonly UnwantedArtifact[]): Promise<void>
}

/** An artifact that nobody can need any more. */
export interface UnwantedArtifact {
  readonly digest: string
  /** Of an image. */
  readonly image: { readonly ref: string; readonly id: string } | null
}
