import { createHmac, randomUUID } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import published from '@octokit/webhooks-examples' with { type: 'json' }
import { afterTest } from '../store/testing.ts'

/** What a server that stands where GitHub's API stands was asked. */
interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it freely
  readonly body: any
}

/** An HTTP server on loopback that answers as the test says, and keeps what it was asked. */
export interface Standing {
  readonly url: string
  readonly asked: Asked[]
  /** Default: 404. */
  answer: (asked: Asked, response: ServerResponse) => void
}

export async function standing(context: TestContext): Promise<Standing> {
  const asked: Asked[] = []
  const server = createServer(async (request, response) => {
    const sent = await text(request)
    const one: Asked = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: sent === '' ? null : JSON.parse(sent),
    }
    asked.push(one)
    made.answer(one, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  afterTest(context, async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const made: Standing = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    answer: (_, response) => json(response, 404, { message: 'Not Found' }),
  }
  return made
}

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

// biome-ignore lint/suspicious/noExplicitAny: payloads have hundreds of fields
export type Payload = any

/** The payloads that GitHub has published of that event. */
export function examplesOf(event: string): Payload[] {
  return allExamples().find(({ name }) => name === event)?.examples ?? []
}

export function allExamples(): { readonly name: string; readonly examples: Payload[] }[] {
  return structuredClone(published) as unknown as ReturnType<typeof allExamples>
}

/** The headers and the body of a delivery as GitHub makes it. */
export function delivered(event: string, payload: Payload, secret: string, id: string = randomUUID()) {
  const body = Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload))
  const signature = createHmac('sha256', secret).update(body).digest('hex')
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'user-agent': 'GitHub-Hookshot/044aadd',
    'x-github-delivery': id,
    'x-github-event': event,
    'x-hub-signature-256': `sha256=${signature}`,
  }
  return { headers, body }
}

const [PUSH] = examplesOf('push').filter(({ ref }) => ref === 'refs/heads/master')

interface PushWish {
  readonly branch?: string
  readonly before?: string
  readonly after?: string
  /** Seconds since 1970. */
  readonly pushedAt?: number
  readonly message?: string
}

/** The published push, of another branch and commit. */
export function pushOf({
  branch = 'main',
  before,
  after = sha('a'),
  pushedAt = 1_600_000_000,
  message,
}: PushWish): Payload {
  const gone = after === NONE
  const head = { ...PUSH.head_commit, message: message ?? `Commit ${after}`, id: after }
  return {
    ...PUSH,
    ref: `refs/heads/${branch}`,
    before: before ?? NONE,
    after,
    created: before === undefined,
    deleted: gone,
    repository: { ...PUSH.repository, pushed_at: pushedAt },
    head_commit: gone ? null : head,
  }
}

const [PULL] = examplesOf('pull_request')

/** The published pull request, with another action, instant (seconds) and head. */
export function pullOf(action: string, at: number, head: string, more: Payload = {}): Payload {
  const updated_at = new Date(at * 1000).toISOString()
  const pull = { ...PULL.pull_request, updated_at, head: { ...PULL.pull_request.head, sha: head }, ...more }
  return { ...PULL, action, pull_request: pull }
}

export const NONE = '0'.repeat(40)

/** A commit id that begins so. */
export function sha(start: string | number): string {
  return String(start)
    .padEnd(40, '0')
    .replace(/[^0-9a-f]/g, 'e')
}
