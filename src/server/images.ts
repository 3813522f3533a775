import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { findImage } from '../build/image/find.ts'
import { forgetImages } from '../build/image/forget.ts'
import { ImageBuilder } from '../build/image/image-builder.ts'
import { ImageStore } from '../build/image/image-store.ts'
import { introduceRegistry } from '../build/image/introduce.ts'
import { asTasukiError } from '../domain/errors.ts'
import type { RegistryAccess } from '../domain/registry.ts'
import { RegistryClient } from '../registry/client.ts'
import { OwnRegistry } from '../registry/own/own-registry.ts'
import type { DockerHost } from '../runtime/docker/host.ts'
import type { Images } from '../services/image-port.ts'
import type { Store } from '../store/open.ts'
import type { DockerHosts } from './docker-hosts.ts'

/** Hosts with this label are where images are built. */
const BUILDER = 'builder'

interface Parts {
  readonly data: string
  readonly store: Pick<Store, 'tables'>
  readonly hosts: () => DockerHosts
  readonly slugPath: (digest: string) => string
  readonly log: { warn(fields: Record<string, unknown>, message: string): void }
}

/** What builds images and brings them to hosts, and what the services need of them. */
export interface ImageWorks {
  readonly builder: ImageBuilder
  readonly store: ImageStore
  readonly control: Images
}

export function imageWorks({ data, store, hosts, slugPath, log }: Parts): ImageWorks {
  const { tables } = store
  const scratch = join(data, 'images')
  rmSync(scratch, { recursive: true, force: true })
  const introduce = async (host: Pick<DockerHost, 'id'>, registry: string) => {
    const known = await tables.registry.get()
    const there = hosts()
      .all()
      .find(({ id }) => id === host.id)
    if (known?.host !== registry || known.authority === null || !there) return false
    await introduceRegistry(there, registry, known.authority)
    return true
  }
  const images = new ImageStore({
    scratch,
    artifact: (digest) => tables.artifacts.get(digest),
    slugPath,
    hosts: () => hosts().all(),
    pullLogin: async (registry) => {
      const known = await tables.registry.get()
      return known?.host === registry ? known.pull : null
    },
    introduce,
    slugBase: () => tables.baseImage.get(),
  })
  return {
    builder: new ImageBuilder({
      builder: () => hosts().labelled(BUILDER) ?? hosts().local(),
      registry: () => checked(tables.registry.get()),
      introduce,
      appName: async (appId) => (await tables.apps.byId(appId))?.name ?? appId,
    }),
    store: images,
    control: {
      registry: (access, login) => new RegistryClient(access, login),
      own: new OwnRegistry(data, log),
      async onHosts(name) {
        const answers = await Promise.all(
          reachable(hosts()).map((host) => findImage(host, name).catch(() => null)),
        )
        const found = answers.find((one) => one !== null)
        return found ? { ...found, digest: found.id } : null
      },
      async bring(id, artifact) {
        const host = hosts()
          .all()
          .find((one) => one.id === id)
        if (host) await images.ensure(host, artifact)
      },
      async forget(artifacts) {
        await Promise.all(
          reachable(hosts()).map((host) =>
            forgetImages(host, artifacts).catch((error: unknown) =>
              log.warn(
                { host: host.name, error: asTasukiError(error).message },
                'images could not be removed',
              ),
            ),
          ),
        )
      },
    },
  }
}

/** Null without one. Throws when it does not let us in. */
async function checked(registry: Promise<RegistryAccess | null>): Promise<RegistryAccess | null> {
  const access = await registry
  if (access) await new RegistryClient(access, access.push).check()
  return access
}

function reachable(hosts: DockerHosts): readonly DockerHost[] {
  return hosts.all().filter((host) => host.reachable())
}
