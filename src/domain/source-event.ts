/** A commit as its repository tells it. */
export interface Commit {
  readonly sha: string
  readonly message: string
  readonly author: string | null
  /** When it was committed, ms since 1970; null where the repository does not say. */
  readonly at: number | null
}

/** A branch has moved. */
export interface PushEvent {
  readonly kind: 'push'
  readonly branch: string
  /** Where the branch is now; null when it was deleted. */
  readonly commit: Commit | null
  /** The branch no longer holds what it was at before. */
  readonly forced: boolean
}

/** A pull request was opened, has got new commits, or is over. */
export interface PullRequestEvent {
  readonly kind: 'pull-request'
  readonly action: 'opened' | 'updated' | 'closed'
  readonly number: number
  readonly title: string
  readonly branch: string
  /** The head of its branch. */
  readonly commit: Commit
  /** It comes from a repository that others write to. */
  readonly fork: boolean
  readonly merged: boolean
  readonly url: string | null
}

/** What has happened in the repository of a pipeline. */
export type SourceEvent = (PushEvent | PullRequestEvent) & {
  /** The same each time the event is handed over. */
  readonly id: string
  readonly pipelineId: string
  readonly origin: 'git' | 'github'
  /** Whose doing it is: an account's e-mail address, or the name that the forge knows. */
  readonly user: string
  readonly at: number
}
