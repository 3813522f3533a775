import type { Readable } from 'node:stream'
import type { Login } from '../../domain/registry.ts'
import { engineError, followed, type ImageHost } from './engine.ts'
import { asked, ENGINE_LIMITS, inspected, sent } from './engine-calls.ts'
import type { SavedImage } from './saved-image.ts'

const MOST_LOOKED_AT = 100

/** Has a host fetch an image from its registry, with a login that is handed over for this one time and kept nowhere. */
export async function pull(host: ImageHost, ref: string, login: Login | null): Promise<void> {
  const what = `fetching ${ref}`
  try {
    const stream = await asked(host, what, ENGINE_LIMITS.begin, (abortSignal) =>
      host.docker.pull(ref, {
        ...(login === null ? {} : { authconfig: authOf(login, ref) }),
        abortSignal,
      }),
    )
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
    await asked(to, what, ENGINE_LIMITS.change, (abortSignal) =>
      to.docker.getImage(id).tag({ ...tag, abortSignal }),
    )
  } catch (error) {
    throw engineError(to, what, error)
  }
}

async function load(to: ImageHost, archive: Readable): Promise<void> {
  const what = 'taking an image'
  const answer = await sent(to, what, archive, (body, abortSignal) =>
    to.docker.loadImage(body, { quiet: true, abortSignal }),
  )
  await followed(to, what, answer)
}

/** The lowest layers of an image that a host has, one upon the other, in its own images. */
async function commonLayers(layers: readonly string[], to: ImageHost): Promise<ReadonlySet<string>> {
  try {
    const all = await asked(to, 'listing images', ENGINE_LIMITS.look, (abortSignal) =>
      to.docker.listImages({ abortSignal }),
    )
    const images = all.sort((a, b) => b.Created - a.Created).slice(0, MOST_LOOKED_AT)
    const known = await Promise.all(images.map(({ Id }) => inspected(to, Id)))
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
