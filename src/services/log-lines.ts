import { Channel } from './channel.ts'
import type { LogBook, LogQuery } from './ports.ts'

/** Lines that a slow reader may be behind by; what comes beyond is left out, and said. */
const MOST_WAITING = 10_000

export interface FollowedLog {
  readonly logs: Pick<LogBook, 'last' | 'follow'>
  readonly appId: string
  readonly query: LogQuery
  /** How many of the past lines. */
  readonly lines: number
}

/** The last lines of a log, then each that comes, none twice and none left out, until `signal`. */
export async function* pastAndComing(log: FollowedLog, signal: AbortSignal): AsyncGenerator<string> {
  const { logs, appId, query, lines } = log
  const coming = new Channel<string>(signal)
  const unfollow = logs.follow(appId, query, intoChannel(coming))
  try {
    const past = await logs.last(appId, lines, query)
    let overlap = coming.size
    const told = new Set(past)
    yield* past
    for await (const line of coming) {
      overlap -= 1
      if (overlap < 0 || !told.has(line)) yield line
    }
  } finally {
    unfollow()
  }
}

function intoChannel(coming: Channel<string>): (line: string) => void {
  let dropped = 0
  return (line) => {
    if (coming.size >= MOST_WAITING) {
      dropped += 1
      return
    }
    if (dropped > 0)
      coming.push(
        `${new Date().toISOString()} tasuki[logs]: Error L10 (output buffer overflow): ${dropped} lines left out`,
      )
    dropped = 0
    coming.push(line)
  }
}
