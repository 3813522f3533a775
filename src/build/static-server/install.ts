import { cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { PLATFORM_DIR } from '../../domain/slug.ts'

/** The file server's own files, which become part of a slug, so that a rollback also brings its server back. */
const FILES = ['main', 'server', 'files', 'ranges']
const EXTENSION = extname(import.meta.filename)

/** Puts the file server into a slug. Needs nothing but Node there. */
export async function addStaticServer(dir: string): Promise<void> {
  const target = join(dir, PLATFORM_DIR, 'static-server')
  await rm(target, { recursive: true, force: true })
  await mkdir(target, { recursive: true })
  for (const name of FILES) {
    await cp(join(import.meta.dirname, name + EXTENSION), join(target, name + EXTENSION))
  }
  await writeFile(join(target, 'package.json'), '{ "type": "module" }\n')
}

/** The command that serves a folder of the slug. The folder's name comes checked from app.json: it has no quotes. */
export function staticCommand(root: string): string {
  return `exec node ${PLATFORM_DIR}/static-server/main${EXTENSION} '${root}'`
}
