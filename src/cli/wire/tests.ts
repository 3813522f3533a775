import type { TestStatus } from '../../domain/test-run.ts'

/** Bodies of the API (docs/api.md) as far as the command line reads them: test runs. */

export interface TestRunRecord {
  readonly id: string
  readonly number: number
  readonly status: TestStatus
  readonly message: string | null
  readonly commit_branch: string
  readonly commit_sha: string
  readonly commit_message: string
  readonly actor_email: string
  readonly pipeline: { readonly id: string }
  readonly created_at: string
  readonly tasuki: {
    readonly attempts: number
    readonly tests_at: string | null
    readonly ended_at: string | null
  }
}

export interface TestNodeRecord {
  readonly id: string
  readonly index: number
  readonly status: TestStatus
  readonly exit_code: number | null
  readonly message: string | null
  readonly setup_stream_url: string
  readonly output_stream_url: string
}

export interface TestCaseRecord {
  readonly number: number
  readonly description: string
  readonly passed: boolean
  readonly directive: string
  readonly diagnostic: string
}

export interface FlakyRecord {
  readonly description: string
  readonly runs: number
  readonly failures: number
  readonly last_failure: number
}
