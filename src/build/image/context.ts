import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import dockerignore from '@balena/dockerignore'
import { create } from 'tar'

/**
 * What an engine is sent to build from, as a tar archive: the source without what `.dockerignore` (or `DOCKERFILE.dockerignore`)
 * leaves out. Links are sent as links, so nothing outside of the source can be in it.
 */
export async function buildContext(dir: string, dockerfile: string): Promise<Readable> {
  const names = [`${dockerfile}.dockerignore`, '.dockerignore']
  const [own, all] = await Promise.all(names.map((name) => textOf(join(dir, name))))
  const rules = own ?? all ?? ''
  // The engine needs these whatever is left out.
  const ignore = dockerignore.default({ ignorecase: false }).add(`${rules}\n!${dockerfile}\n!.dockerignore`)
  const exceptions = [...rules.matchAll(/^\s*!\/?(.+)$/gm)].map(([, path]) => path!).concat(dockerfile)
  const filter = (path: string, stats: { isDirectory?(): boolean }) => {
    const relative = path.replace(/^\.\/?/, '')
    if (relative === '') return true
    // Below a folder that is left out there may be what is not.
    if (stats.isDirectory?.() && exceptions.some((one) => mayLieBelow(relative, one))) return true
    return !ignore.ignores(relative)
  }
  return create({ cwd: dir, portable: true, gzip: true, filter: filter as never }, [
    '.',
  ]) as unknown as Readable
}

function mayLieBelow(folder: string, pattern: string): boolean {
  return pattern.startsWith(`${folder}/`) || /[*?[]/.test(pattern)
}

async function textOf(file: string): Promise<string | null> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null
    throw error
  })
}
