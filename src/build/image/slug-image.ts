import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { create } from 'tar'
import { APP_PATH, SLUG_NOTE, type SlugNote } from '../../domain/slug.ts'
import { engineError, type ImageHost } from './engine.ts'
import { findImage } from './find.ts'

/** What a slug is put on. */
export interface Base {
  /** As it is known everywhere. */
  readonly id: string
  /** As the host's engine knows it. */
  readonly name: string
}

const CONFLICT = 409

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
    const container = await createAnew(host, `tasuki-slug-${hexOf(slug.digest).slice(0, 24)}`, base)
    try {
      await container.putArchive(treeOf(slug.tree), { path: '/' })
      const [repo, tag] = name.split(':')
      const entry = note.launcher ? [`${APP_PATH}/${note.launcher}`] : []
      const changes = [`ENTRYPOINT ${JSON.stringify(entry)}`, `WORKDIR ${APP_PATH}`, 'CMD []', 'USER root']
      const { Id } = (await container.commit({ repo, tag, changes })) as { Id: string }
      return Id
    } finally {
      await container.remove({ force: true })
    }
  } catch (error) {
    throw engineError(host, 'putting a slug on its base image', error)
  }
}

/** It is never started: its file system is what counts. */
async function createAnew(host: ImageHost, name: string, base: Base) {
  const options = { name, Image: base.name, Cmd: ['true'], Entrypoint: [], Labels: { 'tasuki.work': 'slug' } }
  try {
    return await host.docker.createContainer(options)
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode !== CONFLICT) throw error
    await host.docker.getContainer(name).remove({ force: true })
    return host.docker.createContainer(options)
  }
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
