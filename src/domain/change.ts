import type { Receipt } from './rollout.ts'

/** What a step of a change is about. `deploy`: one on its way, or one that came to nothing before it was a release. */
type StepKind = 'push' | 'pull-request' | 'tests' | 'review-app' | 'deploy' | 'approval' | 'release'

/** Something that was done with a commit. Times are UTC ms. */
export interface ChangeStep {
  readonly kind: StepKind
  readonly at: number
  /** Null while it goes on. */
  readonly endedAt: number | null
  /** Name of the pipeline; null for an app that is in none. */
  readonly pipeline: string | null
  /** Where the app stands now, or what an approval is about. */
  readonly stage: string | null
  /** Name of the app. */
  readonly app: string | null
  readonly status: string
  /** What was done, in words. */
  readonly text: string
  /** Why it stands or ended so; null when that needs no words. */
  readonly reason: string | null
  /** Whose doing it is. */
  readonly user: string | null
  /** Where to look at it. */
  readonly url: string | null
  /** Version of the release. */
  readonly release: number | null
  readonly rolloutId: string | null
  /** What its rollout did to traffic, once it has ended. */
  readonly receipt: Receipt | null
}

/** The way of a commit, from its push to production. */
export interface Change {
  readonly commit: string
  /** First line of its message; null where nobody told. */
  readonly message: string | null
  readonly author: string | null
  /** When it was committed; null where nobody told. */
  readonly committedAt: number | null
  /** In the order in which they began. */
  readonly steps: readonly ChangeStep[]
}
