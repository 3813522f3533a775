import { PassThrough, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Login } from '../../domain/registry.ts'
import { engineError, followed, type ImageHost, Watch } from './engine.ts'
import type { SavedImage } from './saved-image.ts'

const MOST_LOOKED_AT = 100

/** Has a host fetch an image from its registry, with a login that is handed over for this one time and kept nowhere. */
export async function pull(host: ImageHost, ref: string, login: Login | null): Promise<void> {
  const what = `fetching ${ref}`
  try {
    const stream = await host.docker.pull(ref, login === null ? {} : { authconfig: authOf(login, ref) })
    await followed(host, what, stream)
  } catch (error) {
    throw engineError(host, what, error)
  }
}

/**
 * Gives a host an image that was fetched from another, under a name: only the layers that it does not have, unless its engine needs
 * all of them.
 */
export async function giveImage(image: SavedImage, to: ImageHost, id: string, tag: Tag): Promise<void> {
  const what = 'taking an image'
  const present = await commonLayers(image.layers, to)
  try {
    try {
      await load(to, image.without(present))
    } catch (error) {
      if (present.size === 0 || engineError(to, what, error).code !== 'image_unavailable') throw error
      await load(to, image.without(new Set()))
    }
    await to.docker.getImage(id).tag(tag)
  } catch (error) {
    throw engineError(to, what, error)
  }
}

async function load(to: ImageHost, archive: Readable): Promise<void> {
  const watch = new Watch(to, 'taking an image')
  const through = new PassThrough()
  through.on('data', () => watch.heard())
  await watch.over(archive, async () => {
    const copied = pipeline(archive, through)
    try {
      const [answer] = await Promise.all([to.docker.loadImage(through, { quiet: true }), copied])
      await followed(to, 'taking an image', answer)
    } finally {
      archive.destroy()
      await copied.catch(() => undefined)
    }
  })
}

/** The lowest layers of an image that a host has, one upon the other, in its own images. */
async function commonLayers(layers: readonly string[], to: ImageHost): Promise<ReadonlySet<string>> {
  try {
    const images = (await to.docker.listImages())
      .sort((a, b) => b.Created - a.Created)
      .slice(0, MOST_LOOKED_AT)
    const known = await Promise.all(images.map(({ Id }) => to.docker.getImage(Id).inspect()))
    const lengths = known.map(({ RootFS }) => commonLength(layers, RootFS?.Layers ?? []))
    const length = Math.max(0, ...lengths)
    const needed = new Set(layers.slice(length))
    return new Set(layers.slice(0, length).filter((layer) => !needed.has(layer)))
  } catch {
    // Just to save time: an image that vanished meanwhile is no reason not to give it all.
    return new Set()
  }
}

function commonLength(one: readonly string[], other: readonly string[]): number {
  const differ = one.findIndex((layer, index) => layer !== other[index])
  return differ === -1 ? one.length : differ
}

export interface Tag {
  readonly repo: string
  readonly tag: string
}

export function authOf(login: Login, ref: string): Record<string, string> {
  return { username: login.user, password: login.password, serveraddress: ref.split('/')[0]! }
}
