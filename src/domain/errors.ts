/**
 * The one table of errors. A code is stable: scripts may rely on it.
 * `what` says what happened (filled from the details), `next` what to do about it.
 * `status` is the HTTP status of the API, `exit` the exit code of the command line.
 */
interface ErrorRow {
  readonly status: number
  readonly exit: number
  readonly next: string
}

export const ERRORS = {
  bad_request: { status: 400, exit: 2, next: 'Correct the request and send it again.' },
  unauthorized: { status: 401, exit: 3, next: 'Run `tasuki login`, or set TASUKI_TOKEN.' },
  forbidden: { status: 403, exit: 3, next: 'Ask the owner of the app for access.' },
  login_pending: { status: 503, exit: 3, next: 'Log in on the page in the browser.' },
  not_found: { status: 404, exit: 4, next: 'Check the name; `tasuki apps` lists the apps.' },
  conflict: { status: 409, exit: 5, next: 'Wait until the other change has ended, then try again.' },
  name_taken: { status: 422, exit: 2, next: 'Choose another name.' },
  invalid_params: { status: 422, exit: 2, next: 'Correct the value and try again; nothing was changed.' },
  invalid_procfile: { status: 422, exit: 2, next: 'Each line of a Procfile is `type: command`.' },
  invalid_app_json: { status: 422, exit: 2, next: 'Correct app.json and deploy again; nothing was changed.' },
  invalid_source: { status: 422, exit: 2, next: 'Correct the source and deploy again; nothing was changed.' },
  requested_range_not_satisfiable: { status: 416, exit: 2, next: 'Ask for another range.' },
  precondition_failed: {
    status: 412,
    exit: 5,
    next: 'Read it again, then repeat the change if it still fits.',
  },
  not_offered: { status: 422, exit: 2, next: 'GET /schema lists what there is.' },
  too_large: { status: 413, exit: 2, next: 'Make it smaller, or raise the limit on the server.' },
  build_failed: {
    status: 422,
    exit: 6,
    next: 'Read the build log above, mend the source, and deploy again.',
  },
  rollout_failed: {
    status: 422,
    exit: 7,
    next: 'The earlier release serves on. Mend the cause and deploy again.',
  },
  requests_lost: { status: 200, exit: 8, next: 'See `tasuki receipt` for the causes.' },
  disk_full: { status: 507, exit: 9, next: 'Free disk space on the server, then try again.' },
  no_memory: { status: 507, exit: 9, next: 'Use fewer or smaller instances, or a smaller surge.' },
  no_port: { status: 507, exit: 9, next: 'Free a port, or start the server with a wider --ports range.' },
  router_unavailable: { status: 503, exit: 9, next: 'The router is being restarted; try again in a moment.' },
  router_refused: { status: 500, exit: 9, next: 'See the log of the server for what HAProxy said.' },
  host_unreachable: {
    status: 503,
    exit: 9,
    next: 'Is the host on, and can it be reached by SSH? What is known of it is kept until it answers again.',
  },
  host_refused: { status: 422, exit: 9, next: 'Check the key of the host and the keys that it accepts.' },
  no_host: {
    status: 422,
    exit: 9,
    next: '`tasuki hosts` lists the hosts and their labels; `tasuki hosts:add` adds one.',
  },
  registry_unavailable: {
    status: 503,
    exit: 9,
    next: 'Is the registry up? What runs is not touched by it; try again when it answers.',
  },
  image_unavailable: {
    status: 503,
    exit: 9,
    next: 'Is the image in its registry, or on another Docker host? What runs is not touched by it.',
  },
  registry_refused: {
    status: 422,
    exit: 9,
    next: 'Correct the login with `tasuki registry:set`; nothing was changed.',
  },
  data_in_use: {
    status: 409,
    exit: 9,
    next: 'Stop the other server first, or use another --data directory.',
  },
  setup_missing: { status: 500, exit: 9, next: 'Install what is missing, then start the server again.' },
  unreachable: { status: 503, exit: 10, next: 'Is `tasuki server` running, and is TASUKI_URL right?' },
  rate_limit: { status: 429, exit: 11, next: 'Wait a minute, then try again.' },
  internal: {
    status: 500,
    exit: 1,
    next: 'This is a defect in Tasuki. Please report it with the log of the server.',
  },
} as const satisfies Record<string, ErrorRow>

export type ErrorCode = keyof typeof ERRORS

/** An error that a user may see: a code of the table, and what happened in one sentence. */
export class TasukiError extends Error {
  readonly code: ErrorCode
  /** What to do about it; the table's sentence unless the place that threw knows better. */
  readonly next: string
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    code: ErrorCode,
    what: string,
    more: { next?: string; cause?: unknown; details?: Record<string, unknown> } = {},
  ) {
    super(what, more.cause === undefined ? undefined : { cause: more.cause })
    this.name = 'TasukiError'
    this.code = code
    this.next = more.next ?? ERRORS[code].next
    this.details = more.details ?? {}
  }

  get status(): number {
    return ERRORS[this.code].status
  }

  get exit(): number {
    return ERRORS[this.code].exit
  }
}

/** Any thrown value as one of the table's errors; what is not known becomes `internal`. */
export function asTasukiError(error: unknown): TasukiError {
  if (error instanceof TasukiError) return error
  const code = (error as { code?: unknown } | null)?.code
  const what = error instanceof Error ? error.message : String(error)
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new TasukiError('disk_full', `No space left on the disk: ${what}`, { cause: error })
  return new TasukiError('internal', what, { cause: error })
}

/** Where an error came from first, for the log: the stack of its innermost cause. */
export function originOf(error: Error): string {
  return error.cause instanceof Error ? originOf(error.cause) : (error.stack ?? error.message)
}
