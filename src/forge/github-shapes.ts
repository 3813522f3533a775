import { type Static, type TSchema, Type } from 'typebox'
import { Check } from 'typebox/value'

const text = Type.String()
const textOrNull = Type.Union([Type.String(), Type.Null()])

const Repository = Type.Object({ id: Type.Number(), full_name: text })
const Login = Type.Object({ login: text })

/** As far as it is read. */
export const PushShape = Type.Object({
  ref: text,
  before: text,
  after: text,
  deleted: Type.Optional(Type.Boolean()),
  forced: Type.Optional(Type.Boolean()),
  repository: Type.Object({
    ...Repository.properties,
    pushed_at: Type.Optional(Type.Union([Type.Number(), Type.String(), Type.Null()])),
  }),
  pusher: Type.Optional(Type.Object({ name: Type.Optional(text) })),
  sender: Type.Optional(Login),
  head_commit: Type.Optional(
    Type.Union([
      Type.Null(),
      Type.Object({
        id: text,
        message: text,
        timestamp: Type.Optional(text),
        author: Type.Optional(Type.Object({ name: Type.Optional(textOrNull) })),
      }),
    ]),
  ),
})

const PullSide = Type.Object({
  ref: text,
  sha: text,
  repo: Type.Union([Type.Null(), Repository]),
})

export const PullRequestShape = Type.Object({
  action: text,
  number: Type.Number(),
  pull_request: Type.Object({
    title: text,
    merged: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
    html_url: Type.Optional(textOrNull),
    updated_at: text,
    user: Type.Optional(Type.Union([Login, Type.Null()])),
    head: PullSide,
    base: PullSide,
  }),
  repository: Repository,
  sender: Type.Optional(Login),
})

export const AboutShape = Type.Object({
  id: Type.Number(),
  full_name: text,
  default_branch: text,
  html_url: text,
})

export const CommitShape = Type.Object({
  sha: text,
  commit: Type.Object({
    message: text,
    author: Type.Optional(
      Type.Union([Type.Null(), Type.Object({ name: Type.Optional(text), date: Type.Optional(text) })]),
    ),
    committer: Type.Optional(Type.Union([Type.Null(), Type.Object({ date: Type.Optional(text) })])),
  }),
})

export const BranchShape = Type.Object({ name: text, commit: CommitShape })
export const BranchListShape = Type.Array(Type.Object({ name: text, commit: Type.Object({ sha: text }) }))
export const CompareShape = Type.Object({
  total_commits: Type.Number(),
  commits: Type.Array(CommitShape),
})
export const DeploymentShape = Type.Object({ id: Type.Number() })

/** The value when it has that shape, else null. */
export function shaped<T extends TSchema>(schema: T, value: unknown): Static<T> | null {
  return Check(schema, value) ? (value as Static<T>) : null
}
