import type { Readable } from 'node:stream'
import type { Commit, PullRequestEvent, PushEvent } from '../domain/source-event.ts'

/** A repository at a forge, and what lets us in. */
export interface ForgeRepository {
  /** `owner/name`. */
  readonly fullName: string
  readonly token: string | null
}

/** What a forge says of a repository. */
export interface ForgeAbout {
  readonly id: string
  readonly fullName: string
  readonly defaultBranch: string
  readonly url: string
}

/** A delivery of a webhook, as it came: nothing in it is to be believed before its signature has been verified. */
export interface ForgeDelivery {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

/** What a delivery tells. Times are UTC ms by the forge's clock. */
export type ForgeNews =
  | ({ readonly news: 'push'; readonly from: string | null } & Omit<PushEvent, 'kind'>)
  | ({ readonly news: 'pull-request' } & Omit<PullRequestEvent, 'kind'>)
  /** Nothing that concerns us; `why` in a few words. */
  | { readonly news: 'nothing'; readonly why: string }

/** Of a delivery: which repository it is about, when it happened, by whom. */
export interface ForgeTold {
  /** What the forge calls the delivery, the same when it comes again; '' when it gives no name. */
  readonly delivery: string
  /** What the forge calls events of that kind. */
  readonly event: string
  readonly repository: Pick<ForgeAbout, 'id' | 'fullName'>
  readonly user: string
  readonly at: number
  readonly news: ForgeNews
}

export interface ForgeStatus {
  readonly context: string
  readonly state: 'pending' | 'success' | 'failure' | 'error'
  readonly description: string
  readonly url: string | null
}

export interface ForgeDeployment {
  readonly environment: string
  readonly state: 'pending' | 'success' | 'failure' | 'inactive'
  readonly description: string
  /** Where the result can be looked at. */
  readonly url: string | null
}

/** A place where repositories live: GitHub now. Calls throw `ForgeFailure`. */
export interface Forge {
  /** Whether the delivery was signed with that secret; takes as long for a wrong signature as for a right one. */
  verify(delivery: ForgeDelivery, secret: string): boolean
  /** Throws `bad_request` for what is not of the forge's shape. */
  read(delivery: ForgeDelivery): ForgeTold
  about(repository: ForgeRepository): Promise<ForgeAbout>
  commit(repository: ForgeRepository, sha: string): Promise<Commit>
  head(repository: ForgeRepository, branch: string): Promise<Commit>
  /** The first hundred, by name. */
  branches(repository: ForgeRepository): Promise<{ readonly name: string; readonly sha: string }[]>
  /** The commits that `to` has and `from` has not, newest first, at most 100. */
  between(repository: ForgeRepository, from: string, to: string): Promise<Commit[]>
  /** The files of a commit as a gzipped tar. */
  archive(repository: ForgeRepository, sha: string): Promise<Readable>
  status(repository: ForgeRepository, sha: string, status: ForgeStatus): Promise<void>
  /** Announces that the commit goes to that environment; answers with the deployment's id. */
  deploy(repository: ForgeRepository, sha: string, environment: string): Promise<string>
  deploymentStatus(repository: ForgeRepository, id: string, deployment: ForgeDeployment): Promise<void>
}

/** A call of a forge that did not go well. */
export class ForgeFailure extends Error {
  /** HTTP status; null when no answer came. */
  readonly status: number | null
  /** When the forge wants to be asked again, ms from now; null when it has not said. */
  readonly retryAfterMs: number | null

  constructor(
    message: string,
    {
      status,
      retryAfterMs = null,
      cause,
    }: { status: number | null; retryAfterMs?: number | null; cause?: unknown },
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'ForgeFailure'
    this.status = status
    this.retryAfterMs = retryAfterMs
  }

  /** Asking again would change nothing. */
  get lasting(): boolean {
    const { status } = this
    return status !== null && status < 500 && status !== 429 && status !== 408 && this.retryAfterMs === null
  }
}
