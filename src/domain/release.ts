/** A numbered, immutable pair of artifact and config, and why it was made. */
export interface Release {
  readonly id: string
  readonly appId: string
  /** 1, 2, 3 …: shown as `v3`. */
  readonly version: number
  /** Digest of the artifact; null before the first build. */
  readonly artifact: string | null
  readonly commit: string | null
  readonly description: string
  /** `pending` until its rollout has ended; `failed` when the release phase or the rollout failed, or it was returned; `expired` when superseded. */
  readonly status: ReleaseStatus
  readonly user: string
  /** UTC ms. */
  readonly createdAt: number
}

export type ReleaseStatus = 'pending' | 'succeeded' | 'failed' | 'expired'

/** Per process type: how many instances, of which size. */
export interface FormationEntry {
  readonly type: string
  readonly quantity: number
  readonly size: string
}

/** The process type that visitors reach. */
export const ROUTABLE_TYPE = 'web'

/** The process type that is run once for each release, before anything else changes. */
export const RELEASE_TYPE = 'release'
