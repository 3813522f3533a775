import type Docker from 'dockerode'
import { TasukiError } from '../../../domain/errors.ts'
import { whyUnreachable } from '../../../domain/host.ts'
import type { ContainerFacts, DockerFacts, DockerTrouble } from '../../../domain/host-facts.ts'
import { ask, infoOf, LIMITS, statusOf, wordsOf } from '../calls.ts'
import type { DockerHost } from '../host.ts'
import { LABELS } from '../labels.ts'

/** Containers beyond these are not looked at. */
const MOST_CONTAINERS = 200
const AT_ONCE = 10

/** What Docker says of itself, or what went wrong when it was asked. Never throws. */
export async function lookAtEngine(host: DockerHost): Promise<DockerFacts | DockerTrouble> {
  try {
    const [info, version] = await Promise.all([
      infoOf(host),
      ask(host, LIMITS.look, () => host.docker.version()),
    ])
    return {
      version: version.Version,
      api: version.ApiVersion,
      root: info.DockerRootDir,
      storageDriver: info.Driver,
      liveRestore: info.LiveRestoreEnabled === true,
      limits: info.MemoryLimit === true,
      images: info.Images,
    }
  } catch (error) {
    return {
      trouble: error instanceof TasukiError ? whyUnreachable(error) : wordsOf(error),
    }
  }
}

/** Every container that runs, whoever started it. `server`: id of this control plane. Throws `host_unreachable`. */
export async function lookAtContainers(host: DockerHost, server: string): Promise<ContainerFacts[]> {
  const listed = await ask(host, LIMITS.look, () => host.docker.listContainers())
  const tags = new Map<string, Promise<string | null>>()
  const tagLeadsTo = (name: string) => {
    const known = tags.get(name) ?? imageOf(host, name)
    tags.set(name, known)
    return known
  }
  const found: ContainerFacts[] = []
  for (let from = 0; from < Math.min(listed.length, MOST_CONTAINERS); from += AT_ONCE) {
    const some = listed.slice(from, Math.min(from + AT_ONCE, MOST_CONTAINERS))
    const looked = await Promise.all(some.map(({ Id }) => containerOf(host, Id, server, tagLeadsTo)))
    found.push(...looked.filter((one) => one !== null))
  }
  return found
}

/** Null when it has gone meanwhile. */
async function containerOf(
  host: DockerHost,
  id: string,
  server: string,
  tagLeadsTo: (name: string) => Promise<string | null>,
): Promise<ContainerFacts | null> {
  const seen = await asked(host, () => host.docker.getContainer(id).inspect())
  if (!seen) return null
  const { Name, Config, HostConfig, NetworkSettings, Image } = seen
  const labels = Config.Labels ?? {}
  return {
    name: Name.replace(/^\//, ''),
    own: labels[LABELS.server] === server,
    app: labels[LABELS.appName] ?? null,
    user: Config.User,
    privileged: HostConfig.Privileged === true,
    image: Config.Image,
    imageId: Image,
    tagLeadsTo: Config.Image.startsWith('sha256:') ? null : await tagLeadsTo(Config.Image),
    published: publishedOf(NetworkSettings.Ports ?? {}),
  }
}

function publishedOf(
  ports: Readonly<Record<string, readonly { HostIp: string; HostPort: string }[] | null>>,
): ContainerFacts['published'] {
  const all = Object.values(ports).flatMap((bindings) => bindings ?? [])
  return all.map(({ HostIp, HostPort }) => ({ address: HostIp, port: Number(HostPort) }))
}

async function imageOf(host: DockerHost, name: string): Promise<string | null> {
  return (await asked<Docker.ImageInspectInfo>(host, () => host.docker.getImage(name).inspect()))?.Id ?? null
}

/** Null for what is not there. */
async function asked<T>(host: DockerHost, call: () => Promise<T>): Promise<T | null> {
  try {
    return await ask(host, LIMITS.look, call)
  } catch (error) {
    if (statusOf(error) === 404) return null
    throw error
  }
}
