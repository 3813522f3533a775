import { TasukiError } from './errors.ts'
import { ROUTABLE_TYPE } from './release.ts'

/** What an image says of how it is run. */
export interface ImageConfig {
  readonly command: readonly string[]
  readonly entrypoint: readonly string[]
  readonly labels: Readonly<Record<string, string>>
}

/** The same, as engines and registries write it. */
export interface EngineConfig {
  readonly Cmd?: readonly string[] | null | undefined
  readonly Entrypoint?: string | readonly string[] | null | undefined
  readonly Labels?: Readonly<Record<string, string>> | null | undefined
}

/** Where an image tells the commit that it was made of. */
export const REVISION_LABEL = 'org.opencontainers.image.revision'
const COMMIT = /^[\w./+-]{1,128}$/

export function imageConfig({ Cmd, Entrypoint, Labels }: EngineConfig): ImageConfig {
  return { command: Cmd ?? [], entrypoint: [Entrypoint ?? []].flat(), labels: Labels ?? {} }
}

/** The commit that an image says it was made of; null when it does not. */
export function revisionOf({ labels }: ImageConfig): string | null {
  const revision = labels[REVISION_LABEL] ?? ''
  return COMMIT.test(revision) ? revision : null
}

/**
 * What is run of an image: the lines of the Procfile, and as `web` its own command where the Procfile has none.
 * Throws `build_failed` when that leaves nothing to run.
 */
export function imageProcessTypes(
  config: ImageConfig,
  procfile: Readonly<Record<string, string>> | null,
): Readonly<Record<string, string>> {
  const types = procfile ?? {}
  const itself = config.command.length + config.entrypoint.length > 0
  const all = itself && types[ROUTABLE_TYPE] === undefined ? { [ROUTABLE_TYPE]: '', ...types } : types
  if (Object.keys(all).length > 0) return all
  throw new TasukiError(
    'build_failed',
    'The image says nothing of what is to be run: it has no CMD, and there is no Procfile.',
    {
      next: 'Give the Dockerfile a CMD, or add a Procfile with a line such as `web: COMMAND`.',
    },
  )
}
