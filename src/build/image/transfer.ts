import { PassThrough, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Login } from '../../domain/registry.ts'
import { engineError, followed, type ImageHost, Watch } from './engine.ts'

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

/** Gives an image of one host to another, through this machine. `name` is what `from` knows it as; it gets `tag` there. */
export async function giveImage(from: ImageHost, to: ImageHost, name: string, tag: Tag): Promise<void> {
  const what = `giving an image to ${to.name}`
  try {
    const watch = new Watch(from, what)
    const archive = (await from.docker.getImage(name).get()) as Readable
    using _ended = { [Symbol.dispose]: () => archive.destroy() }
    const through = new PassThrough()
    through.on('data', () => watch.heard())
    await watch.over(archive, async () => {
      const copied = pipeline(archive, through)
      const [answer] = await Promise.all([to.docker.loadImage(through, { quiet: true }), copied])
      await followed(to, `taking an image from ${from.name}`, answer)
    })
    await to.docker.getImage(name).tag(tag)
  } catch (error) {
    throw engineError(to, what, error)
  }
}

export interface Tag {
  readonly repo: string
  readonly tag: string
}

export function authOf(login: Login, ref: string): Record<string, string> {
  return { username: login.user, password: login.password, serveraddress: ref.split('/')[0]! }
}
