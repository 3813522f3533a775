import { Args, Flags } from '@oclif/core'
import { TasukiError } from '../domain/errors.ts'
import type { ApiClient } from './client.ts'
import type { ChangesRecord } from './render/changes-ahead.ts'

/** A promotion that waits, or has waited, for approval. */
export interface ApprovalRecord {
  readonly id: string
  readonly stage: string
  readonly state: 'waiting' | 'approved' | 'rejected' | 'withdrawn' | 'replaced' | 'expired'
  readonly asked_by: string
  readonly approvers: readonly string[]
  readonly needed: number
  readonly votes: readonly { readonly user: string; readonly comment: string | null }[]
  readonly targets: readonly { readonly id: string; readonly name: string }[]
  readonly source: { readonly app: { readonly name: string } }
  readonly created_at: string
  readonly expires_at: string
  readonly ended_by: string | null
  readonly comment: string | null
}

/** The same, with what it would change. */
export interface WholeApproval extends ApprovalRecord {
  readonly changes: readonly ChangesRecord[]
}

/** What those commands take that decide about one. */
export const decisionArgs = {
  id: Args.string({
    required: true,
    description: 'Its id, or the beginning; `tasuki pipelines:approvals` lists them.',
  }),
}
export const decisionFlags = {
  comment: Flags.string({ char: 'm', helpValue: 'TEXT', summary: 'Why; kept in the audit log.' }),
}

const SHORT = 8

/** As much of its id as one types. */
export function shortId({ id }: { readonly id: string }): string {
  return id.slice(0, SHORT)
}

/** Approves or rejects one that waits, as it was asked for; how it stands then. Throws as `waitingApproval`. */
export async function decided(
  client: ApiClient,
  decision: 'approve' | 'reject',
  beginning: string,
  comment: string | undefined,
): Promise<ApprovalRecord> {
  const { id } = await waitingApproval(client, beginning)
  return client.post<ApprovalRecord>(`/tasuki/approvals/${id}/${decision}`, { comment: comment ?? null })
}

/** The one that waits whose id begins like that. Throws `not_found`, `bad_request` when it could be several. */
export async function waitingApproval(client: ApiClient, beginning: string): Promise<ApprovalRecord> {
  const all = await client.get<ApprovalRecord[]>('/tasuki/approvals')
  const [found, ...others] = all.filter(({ id }) => id.startsWith(beginning.toLowerCase()))
  if (found && others.length === 0) return found
  if (found)
    throw new TasukiError('bad_request', `"${beginning}" could be ${others.length + 1} of them.`, {
      next: 'Give more of the id.',
    })
  // Perhaps it has ended: then the server says how.
  return client.get<WholeApproval>(`/tasuki/approvals/${encodeURIComponent(beginning)}`)
}

/** Who may approve, in words: `a or b`, `2 of a, b, c`. */
export function whoMay({ approvers, needed }: Pick<ApprovalRecord, 'approvers' | 'needed'>): string {
  return needed === 1 ? approvers.join(' or ') : `${needed} of ${approvers.join(', ')}`
}
