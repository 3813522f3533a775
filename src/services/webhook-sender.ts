import { createHmac } from 'node:crypto'
import type { Delivery, WebhookEvent } from '../store/outbox.ts'
import type { Webhook } from '../store/webhooks.ts'
import { VERSION } from '../version.ts'
import type { Payload } from './webhook-payloads.ts'

/** How an attempt ended. `code`: the HTTP status, null when no answer came. */
interface Result {
  readonly ok: boolean
  readonly code: number | null
  /** In one word; null when it went well. */
  readonly error: string | null
}

/**
 * One attempt to tell a receiver. Never throws. Redirects are not followed: what the user has named is told, and nobody
 * else. Ends after `limitMs`, or when `stopped` is aborted.
 */
export async function send(
  { webhook, event, delivery, attempt }: Sending,
  limitMs: number,
  stopped: AbortSignal,
): Promise<Result> {
  const body = bodyOf({ webhook, event, delivery, attempt })
  const signal = AbortSignal.any([stopped, AbortSignal.timeout(limitMs)])
  const headers = headersOf(webhook, body)
  try {
    const answer = await fetch(webhook.url, { method: 'POST', body, headers, signal, redirect: 'manual' })
    await answer.body?.cancel()
    return answer.ok ? { ok: true, code: answer.status, error: null } : refused(answer.status)
  } catch (error) {
    return { ok: false, code: null, error: nameOf(error) }
  }
}

export interface Sending {
  readonly webhook: Webhook
  readonly event: WebhookEvent
  readonly delivery: Pick<Delivery, 'id'>
  /** Id of this attempt. */
  readonly attempt: string
}

function headersOf({ secrets }: Webhook, body: string): Record<string, string> {
  return {
    'content-type': 'application/json',
    'user-agent': `tasuki/${VERSION}`,
    'heroku-webhook-hmac-sha256': createHmac('sha256', secrets.secret).update(body).digest('base64'),
    ...(secrets.authorization === null ? {} : { authorization: secrets.authorization }),
  }
}

function bodyOf({ webhook, event, delivery, attempt }: Sending): string {
  const at = new Date(event.createdAt).toISOString()
  return JSON.stringify({
    id: event.id,
    ...(JSON.parse(event.payload) as Payload),
    sequence: null,
    created_at: at,
    updated_at: at,
    published_at: new Date().toISOString(),
    webhook_metadata: {
      attempt: { id: attempt },
      delivery: { id: delivery.id },
      event: { id: event.id, include: event.include },
      webhook: { id: webhook.id },
    },
  })
}

function refused(code: number): Result {
  return { ok: false, code, error: code >= 300 && code < 400 ? 'Redirect' : 'BadStatus' }
}

/** `ECONNREFUSED`, `TimeoutError` … */
function nameOf(error: unknown): string {
  const cause = (error as { cause?: { code?: unknown } }).cause?.code
  return typeof cause === 'string' ? cause : error instanceof Error ? error.name : 'Error'
}
