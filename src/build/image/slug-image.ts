import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { create } from 'tar'
import { APP_PATH, SLUG_NOTE, type SlugNote } from '../../domain/slug.ts'
import { engineError, type ImageHost, isNotFound } from './engine.ts'

/** What a slug is put on. */
export interface Base {
  /** As it is known everywhere. */
  readonly id: string
  /** As the host's engine knows it. */
  readonly name: string
}

const CONFLICT = 409

/**
 * What stands before each command of a slug: relative entries of PATH are meant from the slug's root, and the base's own PATH
 * comes last. Then the slug's launcher, if it has one, prepares the rest.
 */
const ENTRY = `
base=$1
launcher=$2
shift 2
path=
set -f
IFS=:
for entry in $PATH; do
  case $entry in
    /*) path=$path$entry: ;;
    ?*) path=$path${APP_PATH}/$entry: ;;
  esac
done
unset IFS
set +f
PATH=$path$base
export PATH
unset base path entry
exec $launcher "$@"
`.trim()

/** What images of slugs are called on hosts: of one slug on one base. */
export function slugImageName(digest: string, base: Pick<Base, 'id'>): string {
  return `tasuki/slug:${hexOf(digest).slice(0, 24)}-${hexOf(base.id).slice(0, 12)}`
}

/**
 * Puts a slug on a base image that the host has; answers with what to run. Nothing of the slug runs meanwhile. Half of it, left
 * by a control plane that died, is begun anew.
 */
export async function putSlugOn(
  host: ImageHost,
  base: Base,
  slug: { digest: string; tree: string },
): Promise<string> {
  const name = slugImageName(slug.digest, base)
  if (await hasImage(host, name)) return name
  const { docker } = host
  try {
    const path = pathOf((await docker.getImage(base.name).inspect()).Config.Env ?? [])
    const note = JSON.parse(await readFile(join(slug.tree, SLUG_NOTE), 'utf8')) as SlugNote
    const container = await createAnew(host, `tasuki-slug-${hexOf(slug.digest).slice(0, 24)}`, base)
    try {
      await container.putArchive(treeOf(slug.tree), { path: '/' })
      const [repo, tag] = name.split(':')
      const entry = ['/bin/sh', '-c', ENTRY, 'tasuki', path, note.launcher ? `./${note.launcher}` : '']
      await container.commit({
        repo,
        tag,
        changes: [`ENTRYPOINT ${JSON.stringify(entry)}`, `WORKDIR ${APP_PATH}`, 'CMD []', 'USER root'],
      })
    } finally {
      await container.remove({ force: true })
    }
    return name
  } catch (error) {
    throw engineError(host, 'putting a slug on its base image', error)
  }
}

/** Whether the host has it. */
export async function hasImage(host: ImageHost, name: string): Promise<boolean> {
  try {
    await host.docker.getImage(name).inspect()
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw engineError(host, 'looking for an image', error)
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

function pathOf(env: readonly string[]): string {
  const given = env.find((one) => one.startsWith('PATH='))?.slice('PATH='.length)
  return given ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
}

function hexOf(digest: string): string {
  return digest.replace('sha256:', '')
}
