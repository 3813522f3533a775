import type Docker from 'dockerode'
import { TasukiError } from '../../domain/errors.ts'
import { BuildKitProgress } from './buildkit/progress.ts'
import { type BuildSecrets, openSession } from './buildkit/session.ts'
import { buildContext } from './context.ts'
import { type EngineMessage, engineError, followed, type ImageHost } from './engine.ts'
import { asked, ENGINE_LIMITS, inspected } from './engine-calls.ts'

/** A build of a Dockerfile. */
export interface DockerfileBuild extends BuildSecrets {
  /** The source. */
  readonly dir: string
  /** Relative to it. */
  readonly dockerfile: string
  /** Build arguments. They can be read in the image's history. */
  readonly args: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  /** What the image is called on the host. */
  readonly names: readonly string[]
  readonly log: (line: string) => void
  readonly signal: AbortSignal
}

type DockerVersion = Docker.DockerVersion

const ASKING = 'asking for its version'
const TRACE = 'moby.buildkit.trace'
/** Since which version of the API BuildKit needs no experimental engine. */
const BUILDKIT_API = 1.39
/** A step may compute for long without a word. */
const SILENCE_MS = 15 * 60_000

/**
 * Builds on that host, by BuildKit where its engine has it, else by the classic builder, and answers with the image's id.
 * The engine keeps what it needs for the next build. Throws `build_failed`, `host_unreachable`, `disk_full`.
 */
export async function buildDockerfile(host: ImageHost, build: DockerfileBuild): Promise<string> {
  const buildKit = await hasBuildKit(host)
  if (!buildKit && Object.keys(build.secrets).length > 0)
    throw new TasukiError(
      'build_failed',
      `The Docker of ${host.name} has no BuildKit, so it can not keep the secrets of a build out of the image.`,
      {
        next: 'Build on a host with a newer Docker, or leave `build.secrets` out of app.json.',
      },
    )
  using session = buildKit ? await opened(host, build) : null
  const query = {
    t: build.names,
    dockerfile: build.dockerfile,
    buildargs: JSON.stringify(build.args),
    labels: JSON.stringify(build.labels),
    rm: true,
    forcerm: true,
    ...(session ? { version: '2', session: session.id } : {}),
  }
  const told = new Told(build.log)
  try {
    await followed(host, 'building the image', await begun(host, build, query), {
      signal: build.signal,
      silenceMs: SILENCE_MS,
      onMessage: (message) => told.take(message),
    })
  } catch (error) {
    throw asBuildError(host, error)
  }
  return told.id ?? (await idOf(host, build.names[0]!))
}

async function idOf(host: ImageHost, name: string): Promise<string> {
  try {
    return (await inspected(host, name)).Id
  } catch (error) {
    throw engineError(host, 'looking for what was built', error)
  }
}

/** BuildKit is in every engine for Linux of that API, though not in what only speaks it. */
async function hasBuildKit(host: ImageHost): Promise<boolean> {
  try {
    const ask = host.docker.version.bind(host.docker) as (options: object) => Promise<DockerVersion>
    const {
      ApiVersion,
      Os,
      Components = [],
    } = await asked(host, ASKING, ENGINE_LIMITS.look, (abortSignal) => ask({ abortSignal }))
    const docker = Components.length === 0 || Components.some(({ Name }) => Name === 'Engine')
    return docker && Os === 'linux' && Number(ApiVersion) >= BUILDKIT_API
  } catch (error) {
    throw engineError(host, ASKING, error)
  }
}

async function opened(host: ImageHost, build: DockerfileBuild) {
  return openSession(host, build).catch((error: unknown) => {
    throw engineError(host, 'beginning a build', error)
  })
}

async function begun(
  host: ImageHost,
  build: DockerfileBuild,
  query: Record<string, unknown>,
): Promise<NodeJS.ReadableStream> {
  const { promise, resolve, reject } = Promise.withResolvers<NodeJS.ReadableStream>()
  const options = {
    path: '/build?',
    method: 'POST',
    file: await buildContext(build.dir, build.dockerfile),
    options: query,
    abortSignal: build.signal,
    isStream: true,
    headers: { 'Content-Type': 'application/x-tar' },
    statusCodes: { 200: true, 500: 'server error' },
  }
  host.docker.modem.dial(options as never, (error: unknown, stream: unknown) =>
    error ? reject(error) : resolve(stream as NodeJS.ReadableStream),
  )
  return promise
}

/** What the engine tells of a build, as lines of its log. */
class Told {
  id: string | null = null
  readonly #log: (line: string) => void
  readonly #kit: BuildKitProgress
  #rest = ''

  constructor(log: (line: string) => void) {
    this.#log = log
    this.#kit = new BuildKitProgress(log)
  }

  take({ id, aux, stream, error, errorDetail }: EngineMessage): void {
    if (id === TRACE && typeof aux === 'string') this.#kit.take(aux)
    else if (typeof aux === 'object' && aux?.ID) this.id = aux.ID
    if (stream) this.#write(stream)
    const wrong = errorDetail?.message ?? error
    if (wrong === undefined) return
    this.#kit.end()
    if (this.#rest !== '') this.#write('\n')
  }

  #write(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop()!
    for (const line of lines) if (line.trim() !== '') this.#log(`       ${line.trimEnd()}`)
  }
}

/** What the engine says of a Dockerfile is about the source, not about the host. */
function asBuildError(host: ImageHost, error: unknown): TasukiError {
  const told = engineError(host, 'building the image', error)
  if (told.code !== 'image_unavailable') return told
  const said = told.cause instanceof Error ? told.cause.message : told.message
  return new TasukiError('build_failed', `The image could not be built: ${said.trim().slice(0, 1000)}`, {
    cause: error,
  })
}
