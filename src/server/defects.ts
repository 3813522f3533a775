import { asTasukiError, originOf } from '../domain/errors.ts'

interface Log {
  error(details: object, text: string): void
  fatal(details: object, text: string): void
}

/** What becomes of connections, whoever should have listened. */
const OF_A_CONNECTION = new Set([
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTCONN',
  'EPIPE',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_WRITE_AFTER_END',
  'ETIMEDOUT',
])

/**
 * What nobody has caught is a defect, and is logged as one with its origin. A promise that was rejected, or a connection
 * that broke, ends what it was about and no more: the engine observes the world anew in each pass, so the control plane goes
 * on. Anything else may have left something half-done in memory: the process ends, and the next one adopts what runs.
 */
export function surviveDefects(log: Log): void {
  process.on('unhandledRejection', (reason) =>
    log.error(details(reason), 'a defect: nobody has caught a rejection'),
  )
  process.on('uncaughtException', (error) => {
    if (isOfConnection(error)) {
      log.error(details(error), 'a defect: nobody has caught the end of a connection')
      return
    }
    log.fatal(details(error), 'a defect: the control plane ends; router and apps serve on')
    process.exit(70)
  })
}

function isOfConnection(error: Error & { code?: unknown; level?: unknown }): boolean {
  return OF_A_CONNECTION.has(String(error.code)) || String(error.level).startsWith('client-')
}

function details(reason: unknown): { error: string } {
  return { error: originOf(asTasukiError(reason)) }
}
