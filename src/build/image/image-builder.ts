import { createHash, randomBytes } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DEFAULT_DOCKERFILE } from '../../domain/app-json/build.ts'
import type { Artifact, Manifest } from '../../domain/artifact.ts'
import type { BuildRequest } from '../../domain/build.ts'
import { TasukiError } from '../../domain/errors.ts'
import { imageConfig, imageProcessTypes, REVISION_LABEL } from '../../domain/image-config.ts'
import { commitTag } from '../../domain/image-ref.ts'
import { type RegistryAccess, repositoryOf } from '../../domain/registry.ts'
import { ROUTABLE_TYPE } from '../../domain/release.ts'
import type { Look } from '../source/look.ts'
import { buildDockerfile } from './dockerfile-build.ts'
import { engineError, type ImageHost } from './engine.ts'
import { inspected } from './engine-calls.ts'
import { push } from './push.ts'

/** What builds of images need to know. */
export interface BuildSite {
  /** Where images are built: a host labelled `builder`, else the Docker of this machine; null: there is none that answers. */
  builder(): ImageHost | null
  /**
   * The registry that images are put into, which answers and lets us in; null: they stay on the hosts. Throws
   * `registry_unavailable`, `registry_refused`.
   */
  registry(): Promise<RegistryAccess | null>
  /** Makes the host trust that registry, where it is ours to know its authority. */
  introduce(host: ImageHost, registry: string): Promise<boolean>
  appName(appId: string): Promise<string>
}

const LATEST = 'latest'
const COMMIT = /^[0-9a-f]{7,64}$/
/** Two artifacts of one image differ in what app.json or the Procfile says, so that belongs to the image. */
const SHAPE_LABEL = 'tasuki.shape'

/** Makes images of sources with a Dockerfile. */
export class ImageBuilder {
  readonly #site: BuildSite

  constructor(site: BuildSite) {
    this.#site = site
  }

  /** Whether there is a host to build on now. */
  get ready(): boolean {
    return this.#site.builder() !== null
  }

  /**
   * Builds the image, puts it into the registry as `latest` and `sha-COMMIT`, where there is one, and answers with what it is there.
   * Throws `build_failed`, `registry_unavailable`, `registry_refused`, `host_unreachable`, `disk_full`.
   */
  async build({ source, appJson }: Look, request: BuildRequest): Promise<Artifact> {
    const { log, signal, commit } = request
    const host = this.#site.builder()
    if (host === null) throw nowhere()
    // Before anything is built that could not be kept.
    const registry = await this.#site.registry()
    const plan = appJson([]).build ?? { dockerfile: DEFAULT_DOCKERFILE, args: [], secrets: [] }
    await refuseMissing(source.dir, plan.dockerfile)
    const { manifest } = appJson([...new Set([ROUTABLE_TYPE, ...Object.keys(source.procfile ?? {})])])
    for (const warning of manifest.warnings) log(` !     app.json: ${warning}`)
    const names = await this.#names(request, registry)
    log(`-----> Building ${plan.dockerfile} on ${host.name}`)
    const id = await buildDockerfile(host, {
      dir: source.dir,
      dockerfile: plan.dockerfile,
      args: chosen(plan.args, request),
      secrets: chosen(plan.secrets, request),
      labels: labelsOf(commit, source.procfile, manifest),
      names: names.tags.map((tag) => `${names.repository}:${tag}`),
      login: async (asked) => (asked === registry?.host ? registry.pull : null),
      log,
      signal,
    })
    const { config, size } = await described(host, id)
    const processTypes = imageProcessTypes(config, source.procfile)
    const digest = registry ? await this.#push(host, registry, names, request) : id
    log(`-----> Image ${digest.slice(0, 19)}: ${(size / 2 ** 20).toFixed(1)} MiB`)
    const { repository } = names
    const image = registry
      ? { ref: `${repository}@${digest}`, id, repository }
      : { ref: id, id, repository: null }
    return {
      digest,
      kind: 'image',
      size,
      commit,
      processTypes,
      manifest,
      builder: 'dockerfile',
      env: {},
      image,
    }
  }

  async #names({ appId, commit }: BuildRequest, registry: RegistryAccess | null) {
    const name = await this.#site.appName(appId)
    // An image without any tag may be cleared away by whoever keeps the registry.
    const own =
      commit !== null && COMMIT.test(commit) ? commitTag(commit) : `build-${randomBytes(4).toString('hex')}`
    return { repository: registry ? repositoryOf(registry, name) : `tasuki/app-${name}`, tags: [own, LATEST] }
  }

  /** `latest` comes last: it never names what is not there whole. */
  async #push(
    host: ImageHost,
    registry: RegistryAccess,
    { repository, tags }: { readonly repository: string; readonly tags: readonly string[] },
    { log, signal }: BuildRequest,
  ): Promise<string> {
    let digest = ''
    for (const tag of tags) {
      log(`-----> Pushing ${repository}:${tag}`)
      const put = () => push(host, { repository, tag }, registry.push, signal)
      digest = await put().catch(async (error: unknown) => {
        const certificate = error instanceof TasukiError && /x509|certificate/i.test(error.message)
        if (certificate && (await this.#site.introduce(host, registry.host))) return put()
        throw error
      })
    }
    return digest
  }
}

/** What somebody wants of an image that can only be had where Docker is. */
export function nowhere(): TasukiError {
  return new TasukiError(
    'build_failed',
    'There is no Docker host that answers on which the image could be built.',
    {
      next: 'Give a host the label builder, beside those that it has (`tasuki hosts:update NAME --label builder --label …`), or add one: `tasuki hosts:add URL --label builder`, of this machine `tasuki hosts:add unix:///var/run/docker.sock`.',
    },
  )
}

async function refuseMissing(dir: string, dockerfile: string): Promise<void> {
  const stats = await stat(join(dir, dockerfile)).catch(() => null)
  if (stats?.isFile()) return
  throw new TasukiError('build_failed', `There is no file ${dockerfile} in the source.`, {
    next: 'Correct `build.dockerfile` in app.json, and deploy again.',
  })
}

/** Of the names that app.json has, those that are set. */
function chosen(names: readonly string[], { env, log }: BuildRequest): Record<string, string> {
  for (const name of names.filter((one) => env[one] === undefined))
    log(` !     app.json: the config var ${name} is not set; the build goes on without it`)
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])))
}

function labelsOf(
  commit: string | null,
  procfile: Readonly<Record<string, string>> | null,
  manifest: Manifest,
): Record<string, string> {
  const shape = createHash('sha256')
    .update(JSON.stringify([procfile, manifest]))
    .digest('hex')
    .slice(0, 16)
  return { [SHAPE_LABEL]: shape, ...(commit === null ? {} : { [REVISION_LABEL]: commit }) }
}

async function described(host: ImageHost, id: string) {
  try {
    const { Config, Size } = await inspected(host, id)
    return { config: imageConfig(Config), size: Size }
  } catch (error) {
    throw engineError(host, 'looking at the image', error)
  }
}
