import type { RolloutSettings } from './settings.ts'

/** The immutable result of a build, named by its digest. */
export interface Artifact {
  /**
   * `sha256:` and 64 hex digits: of a slug the digest of the normalised tree; of an image that of its manifest in the
   * registry, or its id where no registry has it.
   */
  readonly digest: string
  readonly kind: ArtifactKind
  /** Bytes on disk. */
  readonly size: number
  readonly commit: string | null
  /**
   * Process type → command, from the Procfile or the builder's own defaults. An empty command is that of the image itself
   * (its ENTRYPOINT and CMD); any other replaces its CMD.
   */
  readonly processTypes: Readonly<Record<string, string>>
  /** What app.json said that matters after the build. */
  readonly manifest: Manifest
  /** What built it, e.g. `node`, `procfile`, `static`. */
  readonly builder: string
  /** Environment that the builder wants in each instance (e.g. PATH, NODE_ENV); config vars win over it. */
  readonly env: Readonly<Record<string, string>>
  /** Only of an image. */
  readonly image?: ArtifactImage
}

/** A slug is a directory tree; an image is what Docker engines run. */
export type ArtifactKind = 'slug' | 'image'

/** Where engines find an image. */
export interface ArtifactImage {
  /** What to name it to an engine: `REGISTRY/REPOSITORY@sha256:…`, or its id `sha256:…` where no registry has it. */
  readonly ref: string
  /** Digest of its configuration, by which engines know it wherever they have it from. */
  readonly id: string
  /** `REGISTRY/REPOSITORY`; null: it is on Docker hosts only, from one of which the others are given it. */
  readonly repository: string | null
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
