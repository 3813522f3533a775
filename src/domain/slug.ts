/** Folder of a slug that belongs to the platform, relative to its root. */
export const PLATFORM_DIR = '.tasuki'

/** Describes the slug to who runs it, relative to its root: JSON of a `SlugNote`. */
export const SLUG_NOTE = `${PLATFORM_DIR}/slug.json`

/** Where slugs are run that were built there: buildpacks write this path into what they make. */
export const APP_PATH = '/app'

/** What stands in the note, as far as running the slug goes. */
export interface SlugNote {
  /** The slug is to be seen at `APP_PATH` by its processes. */
  readonly atAppPath?: boolean
  /** A program, relative to the root, that prepares the environment and becomes the command that it is given. */
  readonly launcher?: string | null
}
