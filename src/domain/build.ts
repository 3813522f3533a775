import type { AppEnvironment } from './app-json/environments.ts'

/** What a build is given. */
export interface BuildRequest {
  readonly appId: string
  /** A tar archive on disk, plain or gzipped. Read only; whoever put it there removes it. */
  readonly source: { readonly tarball: string }
  readonly commit: string | null
  /** Config vars, which builds see. */
  readonly env: Readonly<Record<string, string>>
  /**
   * What `parseBuildpack` reads, in order. Empty: the source says by itself how it is built. Null: nobody has decided yet,
   * so those of app.json count.
   */
  readonly buildpacks: readonly string[] | null
  /** What it is built for, when not to serve: the keys of app.json that stand for it there count. */
  readonly environment?: AppEnvironment | null
  /** Each line of the build log, without a line end. */
  readonly log: (line: string) => void
  /** Ends the build, with everything that it started. */
  readonly signal: AbortSignal
}
