import { type Static, Type } from '@fastify/type-provider-typebox'
import type { ApprovalView } from '../../services/approvals.ts'
import type { ChangesAhead } from '../../services/changes-ahead.ts'
import type { StoredRelease } from '../../store/releases.ts'
import { Id, Named, nullable, Time, timeOf, timeOrNull } from './common.ts'

const Release = Type.Object({ id: Id, version: Type.Integer(), commit: nullable(Type.String()) })
const CommitBody = Type.Object({
  sha: Type.String(),
  message: Type.String(),
  author: nullable(Type.String()),
  at: nullable(Time),
})
const Names = Type.Array(Type.String())

/** What a promotion would change at one target. */
export const ChangesBody = Type.Object({
  app: Named,
  from: nullable(Release),
  to: Release,
  same_artifact: Type.Boolean(),
  commits: nullable(Type.Array(CommitBody)),
  commits_removed: nullable(Type.Array(CommitBody)),
  commits_unknown: nullable(Type.String({ description: 'Why the commits are not known' })),
  config: Type.Object({
    only_source: Names,
    only_target: Names,
    different: Names,
    missing: Names,
  }),
  migration: Type.Object({
    command: nullable(Type.String()),
    command_before: nullable(Type.String()),
    files: nullable(Names),
  }),
  tests: nullable(Type.Object({ id: Id, number: Type.Integer(), status: Type.String() })),
})

export function changesBody(ahead: ChangesAhead): Static<typeof ChangesBody> {
  const { target, from, to, commits, config, migration, tests } = ahead
  return {
    app: { id: target.id, name: target.name },
    from: from && releaseRef(from),
    to: releaseRef(to),
    same_artifact: ahead.same,
    commits: commits.added?.map(commitBody) ?? null,
    commits_removed: commits.removed?.map(commitBody) ?? null,
    commits_unknown: commits.unknown,
    config: {
      only_source: [...config.onlySource],
      only_target: [...config.onlyTarget],
      different: [...config.different],
      missing: [...config.missing],
    },
    migration: {
      command: migration.command,
      command_before: migration.commandBefore,
      files: migration.files && [...migration.files],
    },
    tests,
  }
}

function releaseRef({ id, version, commit }: StoredRelease): Static<typeof Release> {
  return { id, version, commit }
}

function commitBody({ sha, message, author, at }: NonNullable<ChangesAhead['commits']['added']>[number]) {
  return { sha, message, author, at: timeOrNull(at) }
}

const Vote = Type.Object({ user: Type.String(), comment: nullable(Type.String()), at: Time })

export const ApprovalBody = Type.Object({
  id: Id,
  pipeline: Type.Object({ id: Id }),
  promotion: Type.Object({ id: Id }),
  stage: Type.String(),
  state: Type.Enum(['waiting', 'approved', 'rejected', 'withdrawn', 'replaced', 'expired']),
  asked_by: Type.String(),
  approvers: Names,
  needed: Type.Integer(),
  votes: Type.Array(Vote),
  targets: Type.Array(Named),
  source: Type.Object({ app: Named, release: Type.Object({ id: Id }) }),
  created_at: Time,
  expires_at: Time,
  ended_at: nullable(Time),
  ended_by: nullable(Type.String()),
  comment: nullable(Type.String()),
})

/** The same, with what it would change. */
export const ApprovalWithChanges = Type.Object({
  ...ApprovalBody.properties,
  changes: Type.Array(ChangesBody),
})

/** With the apps by id and name; one that is gone has the name ''. */
export function approvalBody(
  { approval, promotion, approvers, votes }: ApprovalView,
  source: Static<typeof Named>,
  targets: readonly Static<typeof Named>[],
): Static<typeof ApprovalBody> {
  return {
    id: approval.id,
    pipeline: { id: approval.pipelineId },
    promotion: { id: promotion.id },
    stage: approval.stage,
    state: approval.state,
    asked_by: approval.user,
    approvers: [...approvers.may],
    needed: approvers.needed,
    votes: votes.map(({ user, comment, at }) => ({ user, comment, at: timeOf(at) })),
    targets: [...targets],
    source: { app: source, release: { id: promotion.releaseId } },
    created_at: timeOf(approval.createdAt),
    expires_at: timeOf(approval.expiresAt),
    ended_at: timeOrNull(approval.endedAt),
    ended_by: approval.endedBy,
    comment: approval.comment,
  }
}
