import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { APP_PATH, SLUG_NOTE, type SlugNote } from '../../domain/slug.ts'
import { readIfThere } from './files.ts'

/** How the commands of a slug are to be started. */
export interface SlugStart {
  /** Where its processes are to see it beside its own path, in a file system of their own; null: nowhere. */
  readonly mount: string | null
  /** The command line that prepares the environment and becomes this command. */
  readonly command: (command: readonly string[]) => readonly string[]
}

/** Reads what the slug says of itself. `uid` is whom it runs as: only root can show it elsewhere, and then gives up root. */
export function slugStart(root: string, uid: number | null): SlugStart {
  const note = JSON.parse(readIfThere(join(root, SLUG_NOTE)) ?? '{}') as SlugNote
  const mount = note.atAppPath && uid !== null ? APP_PATH : null
  // Something can only be mounted on a folder; it stays empty outside.
  if (mount !== null) mkdirSync(mount, { recursive: true })
  const { launcher } = note
  return { mount, command: (command) => (launcher ? [`./${launcher}`, ...command] : command) }
}
