import type { RolloutSettings } from './settings.ts'

/** The immutable result of a build, named by its digest. */
export interface Artifact {
  /** `sha256:` and 64 hex digits: the digest of the normalised tree. */
  readonly digest: string
  readonly kind: 'slug'
  /** Bytes on disk. */
  readonly size: number
  readonly commit: string | null
  /** Process type → command, from the Procfile or the builder's own defaults. */
  readonly processTypes: Readonly<Record<string, string>>
  /** What app.json said that matters after the build. */
  readonly manifest: Manifest
  /** What built it, e.g. `node`, `procfile`, `static`. */
  readonly builder: string
  /** Environment that the builder wants in each instance (e.g. PATH, NODE_ENV); config vars win over it. */
  readonly env: Readonly<Record<string, string>>
}

/** The parts of app.json that travel with the artifact: read once, at the build. */
export interface Manifest {
  readonly name: string | null
  /** What `parseBuildpack` reads, in order; only when there are any. */
  readonly buildpacks?: readonly string[]
  readonly env: Readonly<Record<string, ManifestEnv>>
  readonly formation: Readonly<Record<string, { readonly quantity: number; readonly size: string | null }>>
  readonly scripts: Readonly<Record<string, string>>
  /** Settings per process type; a type that is not named has the defaults. */
  readonly settings: Readonly<Record<string, RolloutSettings>>
  readonly warnings: readonly string[]
}

export interface ManifestEnv {
  readonly value: string | null
  readonly required: boolean
  readonly generator: 'secret' | null
  readonly description: string | null
}

export const EMPTY_MANIFEST: Manifest = {
  name: null,
  env: {},
  formation: {},
  scripts: {},
  settings: {},
  warnings: [],
}
