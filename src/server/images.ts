import { ImageBuilder } from '../build/image/image-builder.ts'
import { ImageStore } from '../build/image/image-store.ts'
import type { Store } from '../store/open.ts'
import type { DockerHosts } from './docker-hosts.ts'

/** Hosts with this label are where images are built. */
const BUILDER = 'builder'

/** What builds images and brings them to hosts. */
export function imageWorks(
  store: Pick<Store, 'tables'>,
  hosts: () => DockerHosts,
  slugPath: (digest: string) => string,
): { readonly builder: ImageBuilder; readonly store: ImageStore } {
  const { tables } = store
  return {
    builder: new ImageBuilder({
      builder: () => hosts().labelled(BUILDER) ?? hosts().local(),
      registry: async () => null,
      introduce: async () => false,
      appName: async (appId) => (await tables.apps.byId(appId))?.name ?? appId,
    }),
    store: new ImageStore({
      artifact: (digest) => tables.artifacts.get(digest),
      slugPath,
      hosts: () => hosts().all(),
      pullLogin: async () => null,
      introduce: async () => false,
      slugBase: async () => null,
    }),
  }
}
