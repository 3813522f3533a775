import { ERRORS, type ErrorCode, TasukiError } from '../domain/errors.ts'

const REFUSED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])

/** `unreachable`: nothing answered at that address, or the connection broke; `error` is what fetch threw. */
export function notReached(url: string, error: unknown): TasukiError {
  const { code, words } = networkError(error)
  return new TasukiError('unreachable', `Can not reach the server at ${url} (${words}).`, {
    cause: error,
    details: { refused: REFUSED.has(code) },
  })
}

/** fetch wraps what happened: the code of the system if there is one, else the words of the innermost error. */
function networkError(error: unknown): { code: string; words: string } {
  let words = 'the connection ended'
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    if (inner.name === 'TimeoutError') return { code: '', words: 'no answer in time' }
    const code = codeOf(inner)
    if (code?.startsWith('E')) return { code, words: code }
    words = inner.message || words
  }
  return { code: '', words }
}

/** Several addresses tried and all refused come as one error that holds an error for each. */
function codeOf(error: Error): string | null {
  const code = (error as { code?: unknown }).code
  if (typeof code === 'string') return code
  const first = error instanceof AggregateError ? error.errors[0] : undefined
  return first instanceof Error ? codeOf(first) : null
}

interface ErrorBody {
  readonly id?: unknown
  readonly message?: unknown
  readonly next?: unknown
}

/** What the server said went wrong, as the error that it threw; `text` is the body of its answer. */
export function errorOfAnswer(status: number, text: string): TasukiError {
  const body = bodyOf(text)
  const code = codeFor(body.id, status)
  const next = typeof body.next === 'string' && body.next !== '' ? body.next : ERRORS[code].next
  const said = typeof body.message === 'string' ? body.message : ''
  const message = withoutEnd(said, next) || `The server answered with status ${status}.`
  return new TasukiError(code, message, { next })
}

/** The error that a record of the API carries, such as a failed build's. */
export function errorOfRecord(body: ErrorBody, otherwise: ErrorCode): TasukiError {
  const code = isCode(body.id) ? body.id : otherwise
  const next = typeof body.next === 'string' && body.next !== '' ? body.next : ERRORS[code].next
  return new TasukiError(code, withoutEnd(String(body.message ?? ''), next), { next })
}

function bodyOf(text: string): ErrorBody {
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === 'object' && body !== null ? body : {}
  } catch {
    // Not ours, a proxy's page perhaps: the status says what there is to say.
    return {}
  }
}

function codeFor(id: unknown, status: number): ErrorCode {
  if (isCode(id)) return id
  const codes = Object.keys(ERRORS) as ErrorCode[]
  return (
    codes.find((code) => ERRORS[code].status === status) ?? (status < 500 ? 'bad_request' : 'unreachable')
  )
}

function isCode(id: unknown): id is ErrorCode {
  return typeof id === 'string' && Object.hasOwn(ERRORS, id)
}

/** The API's message ends with what to do next, which is shown on a line of its own here. */
function withoutEnd(message: string, next: string): string {
  return message.endsWith(next) ? message.slice(0, -next.length).trimEnd() : message
}
