import type Docker from 'dockerode'
import { ask, LIMITS } from './calls.ts'
import type { DockerHost } from './host.ts'

/** What matters of an image to those who run it. */
export interface ImageFacts {
  /** As the image says; '' for root. */
  readonly user: string
  /** Where its program listens. */
  readonly port: number
  readonly workingDirectory: string
  /** Search path of its programs. */
  readonly path: string
  /** Signal that asks its program to stop. */
  readonly stopSignal: string
}

const DEFAULT_PORT = 8080
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const MOST_KEPT = 500

/** Images by their name, each asked for once: what they are named by here never changes its meaning. */
export class ImageBook {
  readonly #host: DockerHost
  readonly #known = new Map<string, ImageFacts>()

  constructor(host: DockerHost) {
    this.#host = host
  }

  async of(image: string): Promise<ImageFacts> {
    const known = this.#known.get(image)
    if (known) return known
    const { Config } = await ask(this.#host, LIMITS.look, (abortSignal) =>
      this.#host.docker.getImage(image).inspect({ abortSignal } as Docker.ImageInspectOptions),
    )
    const facts = factsOf(Config)
    this.#keep(image, facts)
    return facts
  }

  #keep(image: string, facts: ImageFacts): void {
    this.#known.set(image, facts)
    if (this.#known.size > MOST_KEPT) this.#known.delete([...this.#known.keys()][0]!)
  }
}

function factsOf(config: Docker.ImageInspectInfo['Config']): ImageFacts {
  const env = new Map((config.Env ?? []).map((line) => splitOnce(line, '=')))
  const exposed = Object.keys(config.ExposedPorts ?? {}).filter((port) => port.endsWith('/tcp'))
  return {
    user: config.User ?? '',
    port: portIn(env.get('PORT')) ?? (exposed.length === 1 ? portIn(exposed[0]) : null) ?? DEFAULT_PORT,
    workingDirectory: config.WorkingDir || '/',
    path: env.get('PATH') ?? DEFAULT_PATH,
    stopSignal: (config as { StopSignal?: string }).StopSignal || 'SIGTERM',
  }
}

function portIn(text: string | undefined): number | null {
  const port = Number.parseInt(text ?? '', 10)
  return port > 0 && port < 65_536 ? port : null
}

function splitOnce(text: string, by: string): [string, string] {
  const at = text.indexOf(by)
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
