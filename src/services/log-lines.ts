import type { LogBook, LogQuery, NumberedLine } from './ports.ts'

interface FollowedLog {
  readonly logs: Pick<LogBook, 'last' | 'from'>
  readonly appId: string
  readonly query: LogQuery
  /** How many of the past lines. */
  readonly lines: number
}

/** The last lines of a log, then each that comes, none twice and none left out, until `signal`. */
export async function* pastAndComing(log: FollowedLog, signal: AbortSignal): AsyncGenerator<NumberedLine> {
  const { logs, appId, query } = log
  const { lines, next } = await logs.last(appId, log.lines, query)
  yield* lines
  yield* logs.from(appId, next, query, signal)
}
