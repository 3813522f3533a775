import type Docker from 'dockerode'
import { TasukiError } from '../../domain/errors.ts'
import type { InstanceSpec } from '../../domain/instance.ts'
import { PortPool, type PortRange } from '../process/port-range.ts'
import { ask, LIMITS, refused, statusOf, wordsOf } from './calls.ts'
import { containerOptions } from './container-options.ts'
import type { Containers } from './containers.ts'
import type { DockerHost } from './host.ts'
import { ImageBook } from './image-facts.ts'
import type { ImageShelf } from './image-shelf.ts'
import type { HostPorts } from './labels.ts'
import type { Notes } from './notes.ts'
import type { Seen } from './seen.ts'

/** Makes sure that an artifact is on a host, and tells what to run: a name that only ever means that image. */
export type EnsureImage = (host: DockerHost, appId: string, artifact: string) => Promise<string>

export interface StarterParts {
  readonly host: DockerHost
  readonly server: string
  readonly containers: Containers
  readonly notes: Notes
  readonly shelf: ImageShelf
  readonly ports?: PortRange
}

/** What instances are published at, on every host. Below the range that Linux takes for outgoing connections. */
export const HOST_PORTS: PortRange = { first: 12_000, last: 19_999 }

/** Ports that somebody else turns out to have, before it is given up. */
const PORT_TRIES = 20

export interface StartOptions {
  /** With input and output at the caller's hands; called once it is made, before it is started. */
  readonly attached?: { readonly tty: boolean; connect(): Promise<void> }
}

/** Starts instances: first the note on disk, then the container under the instance's name, so that each step can be repeated. */
export class Starter {
  readonly #parts: StarterParts
  readonly #images: ImageBook
  readonly #ports: PortPool

  constructor(parts: StarterParts) {
    this.#parts = parts
    this.#images = new ImageBook(parts.host)
    // Only the host itself knows who else is there, and says so at the start.
    this.#ports = new PortPool(parts.ports ?? HOST_PORTS, async () => true)
  }

  /** Ports that containers have already. */
  keep({ ports }: Seen): void {
    if (ports) this.#ports.keep(ports.serve, ports.private)
  }

  giveBack(ports: HostPorts | null): void {
    if (ports) this.#ports.giveBack(ports.serve, ports.private)
  }

  /**
   * Nothing happens for an instance that runs or has run. Throws as `Runtime.start`; nothing is left behind, unless it is
   * not known what came of it (`host_unreachable`): then it may be started again.
   */
  async start(spec: InstanceSpec, options: StartOptions = {}): Promise<Seen> {
    const known = await this.#parts.containers.find(spec.id)
    if (known && (known.state !== 'created' || options.attached)) return known
    try {
      return await this.#started(spec, options, known)
    } catch (error) {
      if (error instanceof TasukiError && error.code === 'host_unreachable') throw error
      await this.#undo(spec.id)
      throw refused(this.#parts.host, `start ${spec.name}`, error)
    }
  }

  /**
   * Starts one that was made, and whose start was lost on the way. One that Docker refuses to start is taken back, so that
   * another can come in its place. Throws TasukiError `host_unreachable`: then it is to be repeated.
   */
  async startAgain({ id, name }: Seen): Promise<void> {
    try {
      await this.#run({ id, name })
    } catch (error) {
      if (error instanceof TasukiError && error.code === 'host_unreachable') throw error
      await this.#undo(id)
    }
  }

  async #started(spec: InstanceSpec, options: StartOptions, known: Seen | null): Promise<Seen> {
    const avoided: number[] = []
    try {
      return await this.#startedAt(spec, options, known, avoided)
    } finally {
      // Of the few that others know, each may be free again the next time.
      this.#ports.giveBack(...avoided.filter((port) => spec.knownPorts?.includes(port)))
    }
  }

  async #startedAt(
    spec: InstanceSpec,
    options: StartOptions,
    known: Seen | null,
    avoided: number[],
  ): Promise<Seen> {
    for (let tries = 1; ; tries += 1) {
      const ports = known?.ports ?? null
      const taken = known ? ports : await this.#make(spec, options)
      try {
        await options.attached?.connect()
        return await this.#run(spec)
      } catch (error) {
        if (!isPortTaken(error) || tries === PORT_TRIES) throw error
        await this.#discard(spec.id)
        avoided.push(...this.#avoid(taken, wordsOf(error)))
        known = null
        if (taken === null) throw error
      }
    }
  }

  async #make(spec: InstanceSpec, options: StartOptions): Promise<HostPorts | null> {
    const { shelf } = this.#parts
    try {
      return await this.#made(spec, await shelf.take(spec.appId, spec.artifact), options)
    } catch (error) {
      // Somebody has cleared it away since.
      if (statusOf(error) !== 404 || !shelf.forget(spec.artifact)) throw error
      return this.#made(spec, await shelf.bring(spec.appId, spec.artifact), options)
    }
  }

  async #made(spec: InstanceSpec, image: string, { attached }: StartOptions): Promise<HostPorts | null> {
    const { host, server, notes, containers } = this.#parts
    const facts = await this.#images.of(image)
    const ports = spec.kind === 'formation' ? await this.#takePorts(spec.knownPorts) : null
    const wish = { spec, image, facts, server, ports, publishOn: host.privateAddress }
    notes.write(spec.id)
    try {
      await ask(host, LIMITS.change, (abortSignal) =>
        host.docker.createContainer(inBody({ ...containerOptions({ ...wish, attached }), abortSignal })),
      )
      return ports
    } catch (error) {
      this.giveBack(ports)
      if (statusOf(error) !== 409) throw error
      // A call whose answer was lost has made it.
      const made = await containers.look(spec.id)
      if (made) return made.ports
      throw new TasukiError('conflict', `${host.name} has another container with the name ${spec.id}.`, {
        next: `Remove that container on ${host.name}, then try again.`,
        details: { host: host.name },
      })
    }
  }

  async #run({ id, name }: Pick<InstanceSpec, 'id' | 'name'>): Promise<Seen> {
    const { host, containers } = this.#parts
    const seen = await containers.started(id, () =>
      ask(host, LIMITS.start, async (abortSignal) => {
        await host.docker.getContainer(id).start({ abortSignal }).catch(unlessStarted)
      }),
    )
    if (seen) return seen
    throw new TasukiError('conflict', `${name} (${id}) was removed on ${host.name} while it was started.`)
  }

  async #takePorts(only?: readonly number[]): Promise<HostPorts> {
    const serve = await this.#ports.take(only)
    try {
      return { serve, private: await this.#ports.take() }
    } catch (error) {
      this.#ports.giveBack(serve)
      throw error
    }
  }

  /** A port that Docker names is somebody else's, and stays marked as taken: returns those. */
  #avoid(ports: HostPorts | null, words: string): number[] {
    const pair = ports ? [ports.serve, ports.private] : []
    const strange = pair.filter((port) => new RegExp(`:${port}\\b`).test(words))
    this.#ports.giveBack(...pair.filter((port) => !strange.includes(port)))
    return strange
  }

  /** Takes back what was made; a container of that name may be another control plane's. */
  async #undo(id: string): Promise<void> {
    const seen = await this.#parts.containers.look(id)
    if (seen) await this.#discard(id)
    this.giveBack(seen?.ports ?? null)
    this.#parts.notes.erase(id)
  }

  async #discard(id: string): Promise<void> {
    await removeContainer(this.#parts.host, id)
    this.#parts.containers.forget(id)
  }
}

/** With its volumes. One that is gone, or about to be: nothing happens. Throws TasukiError `host_unreachable`. */
export async function removeContainer(host: DockerHost, name: string): Promise<void> {
  try {
    await ask(host, LIMITS.change, (abortSignal) =>
      host.docker.getContainer(name).remove({ force: true, v: true, abortSignal }),
    )
  } catch (error) {
    const inProgress = statusOf(error) === 409 && /already in progress/.test(wordsOf(error))
    if (statusOf(error) !== 404 && !inProgress) throw refused(host, `remove ${name}`, error)
  }
}

/** dockerode would put all of it into the URL as well, secrets included. */
function inBody(options: Docker.ContainerCreateOptions): Docker.ContainerCreateOptions {
  const { name, abortSignal, ...body } = options
  return { abortSignal, _query: { name }, _body: body } as Docker.ContainerCreateOptions
}

function unlessStarted(error: unknown): void {
  if (statusOf(error) !== 304) throw error
}

function isPortTaken(error: unknown): boolean {
  return /port is already allocated|address already in use/i.test(wordsOf(error))
}
