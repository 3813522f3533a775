import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { create } from 'tar'
import { APP_PATH, SLUG_NOTE, type SlugNote } from '../../domain/slug.ts'
import { engineError, type ImageHost } from './engine.ts'
import { asked, ENGINE_LIMITS, sent } from './engine-calls.ts'
import { findImage } from './find.ts'
import { withContainer } from './work-container.ts'

/** What a slug is put on. */
export interface Base {
  /** As it is known everywhere. */
  readonly id: string
  /** As the host's engine knows it. */
  readonly name: string
}

const WHAT = 'putting a slug on its base image'

/** What images of slugs are called on hosts: of one slug on one base. */
function slugImageName(digest: string, base: Pick<Base, 'id'>): string {
  return `tasuki/slug:${hexOf(digest).slice(0, 24)}-${hexOf(base.id).slice(0, 12)}`
}

/**
 * Puts a slug on a base image that the host has; answers with the id of what to run. Its launcher, if it has one, prepares each
 * command. Nothing of the slug runs meanwhile. Half of it, left by a control plane that died, is begun anew.
 */
export async function putSlugOn(
  host: ImageHost,
  base: Base,
  slug: { digest: string; tree: string },
): Promise<string> {
  const name = slugImageName(slug.digest, base)
  const known = await findImage(host, name)
  if (known) return known.id
  try {
    const note = JSON.parse(await readFile(join(slug.tree, SLUG_NOTE), 'utf8')) as SlugNote
    const [repo, tag] = name.split(':')
    const entry = note.launcher ? [`${APP_PATH}/${note.launcher}`] : []
    const changes = [`ENTRYPOINT ${JSON.stringify(entry)}`, `WORKDIR ${APP_PATH}`, 'CMD []', 'USER root']
    return await withContainer(host, containerFor(slug.digest, base), WHAT, async (container) => {
      await sent(host, WHAT, treeOf(slug.tree), (body, abortSignal) =>
        container.putArchive(body, { path: '/', abortSignal }),
      )
      const { Id } = (await asked(host, WHAT, ENGINE_LIMITS.write, (abortSignal) =>
        container.commit({ repo, tag, changes, abortSignal }),
      )) as { Id: string }
      return Id
    })
  } catch (error) {
    throw engineError(host, WHAT, error)
  }
}

/** Its file system is what counts. */
function containerFor(digest: string, base: Base) {
  const name = `tasuki-slug-${hexOf(digest).slice(0, 24)}`
  return { name, Image: base.name, Cmd: ['true'], Entrypoint: [], Labels: { 'tasuki.work': 'slug' } }
}

function treeOf(tree: string): Readable {
  const prefix = APP_PATH.slice(1)
  return create({ cwd: tree, portable: true, prefix, onWriteEntry: readable }, ['.']) as unknown as Readable
}

/** Who runs it is another than whom it belongs to. */
function readable(entry: { stat?: { mode: number } | undefined }): void {
  if (entry.stat) entry.stat.mode |= (entry.stat.mode & 0o100) !== 0 ? 0o555 : 0o444
}

function hexOf(digest: string): string {
  return digest.replace('sha256:', '')
}
