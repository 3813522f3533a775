import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Static } from 'typebox'
import { TasukiError } from '../domain/errors.ts'
import type { Commit } from '../domain/source-event.ts'
import type { ForgeDelivery, ForgeNews, ForgeTold } from '../services/forge-port.ts'
import { PullRequestShape, PushShape, shaped } from './github-shapes.ts'

const SIGNATURE = 'x-hub-signature-256'
const MOST_TITLE = 1000
const MOST_MESSAGE = 10_000
const MOST_BRANCH = 1000
const MOST_HEADER = 200
const COMMIT = /^[0-9a-f]{40}([0-9a-f]{24})?$/
/** Stands for no commit where a branch begins or ends. */
const NONE = /^0+$/
/** What becomes of a pull request by those of its actions that matter here. */
const ACTIONS: Readonly<Record<string, 'opened' | 'updated' | 'closed'>> = {
  opened: 'opened',
  reopened: 'opened',
  synchronize: 'updated',
  closed: 'closed',
}

/** What is read out of the payload itself. */
type Content = Omit<ForgeTold, 'delivery' | 'event'>

/** In constant time, and with the same work whether a signature came or not. */
export function verify({ headers, body }: ForgeDelivery, secret: string): boolean {
  const right = createHmac('sha256', secret).update(body).digest()
  const [, hex = ''] = /^sha256=([0-9a-f]{64})$/i.exec(String(headers[SIGNATURE] ?? '')) ?? []
  const given = Buffer.from(hex.padEnd(64, '0'), 'hex')
  return timingSafeEqual(right, given) && hex !== ''
}

/** Throws `bad_request` when a delivery is not what GitHub sends. */
export function read(delivery: ForgeDelivery): ForgeTold {
  const payload = payloadOf(delivery)
  const event = headerOf(delivery, 'x-github-event')
  return { event, delivery: headerOf(delivery, 'x-github-delivery'), ...contentOf(event, payload) }
}

function headerOf({ headers }: ForgeDelivery, name: string): string {
  return String(headers[name] ?? '').slice(0, MOST_HEADER)
}

function contentOf(event: string, payload: unknown): Content {
  if (event === 'push') return readPush(payload)
  if (event === 'pull_request') return readPullRequest(payload)
  const why = event === 'ping' ? 'ping' : 'not of interest'
  return { ...aboutOf(payload), news: { news: 'nothing', why } }
}

/** JSON as it is, or in the field of a form: GitHub offers both. */
function payloadOf({ headers, body }: ForgeDelivery): unknown {
  const type = String(headers['content-type'] ?? '')
  const text = body.toString('utf8')
  const json = type.includes('x-www-form-urlencoded')
    ? (new URLSearchParams(text).get('payload') ?? '')
    : text
  try {
    return JSON.parse(json)
  } catch (cause) {
    throw new TasukiError('bad_request', 'The delivery is not JSON.', { cause })
  }
}

/** Of an event that is not read further: whatever of it is there. */
function aboutOf(payload: unknown): Omit<Content, 'news'> {
  const { repository, sender } = (payload ?? {}) as {
    repository?: { id?: unknown; full_name?: unknown }
    sender?: { login?: unknown }
  }
  return {
    repository: { id: String(repository?.id ?? ''), fullName: String(repository?.full_name ?? '') },
    user: String(sender?.login ?? ''),
    at: 0,
  }
}

function readPush(payload: unknown): Content {
  const push = shaped(PushShape, payload)
  if (!push) throw misshapen('push')
  const { repository, pusher, sender } = push
  return {
    repository: { id: String(repository.id), fullName: repository.full_name },
    user: sender?.login ?? pusher?.name ?? '',
    at: instantOf(repository.pushed_at) ?? 0,
    news: pushNews(push),
  }
}

function pushNews(push: Static<typeof PushShape>): ForgeNews {
  const [, branch] = /^refs\/heads\/(.+)$/s.exec(push.ref) ?? []
  if (branch === undefined) return { news: 'nothing', why: 'not a branch' }
  if (branch.length > MOST_BRANCH) throw misshapen('push')
  const from = NONE.test(push.before) ? null : commitId(push.before)
  const gone = push.deleted === true || NONE.test(push.after)
  const commit = gone ? null : headOf(push)
  return { news: 'push', branch, from, commit, forced: push.forced ?? false }
}

function headOf({ after, head_commit: head }: Static<typeof PushShape>): Commit {
  return {
    sha: commitId(after),
    message: (head?.message ?? '').slice(0, MOST_MESSAGE),
    author: head?.author?.name ?? null,
    at: instantOf(head?.timestamp),
  }
}

function readPullRequest(payload: unknown): Content {
  const told = shaped(PullRequestShape, payload)
  if (!told) throw misshapen('pull_request')
  const { repository, sender, pull_request: pull } = told
  return {
    repository: { id: String(repository.id), fullName: repository.full_name },
    user: sender?.login ?? pull.user?.login ?? '',
    at: instantOf(pull.updated_at) ?? 0,
    news: pullNews(told),
  }
}

function pullNews({
  action,
  number,
  repository,
  pull_request: pull,
}: Static<typeof PullRequestShape>): ForgeNews {
  const what = ACTIONS[action]
  if (what === undefined) return { news: 'nothing', why: `a pull request was ${action}`.slice(0, 100) }
  return {
    news: 'pull-request',
    action: what,
    number,
    title: pull.title.slice(0, MOST_TITLE),
    branch: pull.head.ref.slice(0, MOST_BRANCH),
    commit: { sha: commitId(pull.head.sha), message: '', author: pull.user?.login ?? null, at: null },
    // A fork that is gone says nothing of itself.
    fork: pull.head.repo?.id !== repository.id,
    merged: pull.merged ?? false,
    url: pull.html_url ?? null,
  }
}

function commitId(text: string): string {
  if (COMMIT.test(text)) return text
  throw new TasukiError('bad_request', 'The delivery names a commit that is none.')
}

/** Seconds since 1970, or ISO 8601. */
function instantOf(value: number | string | null | undefined): number | null {
  const ms = typeof value === 'number' ? value * 1000 : Date.parse(value ?? '')
  return Number.isFinite(ms) ? ms : null
}

function misshapen(what: string): TasukiError {
  return new TasukiError('bad_request', `The delivery is not a "${what}" event as GitHub sends it.`)
}
