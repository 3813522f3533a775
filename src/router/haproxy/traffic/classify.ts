import type { LostCause } from '../../../domain/traffic.ts'
import type { LogLine } from './parse.ts'

/**
 * What became of a request. `answered`: a proper answer, the app's own or one that the router gives on purpose
 * (maintenance, unknown host, refused). `aborted`: the visitor went away first. Else why it was lost.
 */
export type Fate = 'answered' | 'aborted' | LostCause

type Outcome = Pick<LogLine, 'termination' | 'status' | 'response' | 'backend' | 'frontend'>

/**
 * Reads the fate from the status and the two letters of the termination state: who ended it
 * (`C`, `c` visitor; `S`, `s` instance; `K`, `D` cut by us; `P`, `R`, `I` router; `L` answered by a rule; `-` nobody),
 * and in which phase (`H` head of the answer, `D` data …). Each row was provoked on HAProxy 2.6 (`classify.test.ts`).
 */
export function fateOf(line: Outcome): Fate {
  const who = line.termination[0] ?? '-'
  if (who === 'C' || who === 'c') return 'aborted'
  if (line.status < 0) return who === '-' ? 'answered' : 'no_response'
  return line.response < 0 ? routersAnswer(line, who) : instancesAnswer(line, who)
}

/** An answer that the instance began. */
function instancesAnswer(line: Outcome, who: string): Fate {
  if (who === '-' || who === 'L') return 'answered'
  return who === 'P' && line.termination[1] === 'H' ? 'bad_gateway' : 'cut'
}

/** An answer that the router made, because there was none of an instance. */
function routersAnswer(line: Outcome, who: string): Fate {
  if (who === 'L') return line.status === 503 && !isFrontends(line) ? 'no_instance' : 'answered'
  if (line.status === 502) return who === 'P' ? 'bad_gateway' : 'no_response'
  if (line.status === 503) return 'no_instance'
  if (line.status === 504) return 'timeout'
  // An L7 retry after an interim answer ends in HAProxy's own 500: nothing came of the instance.
  return line.status >= 500 ? 'no_response' : 'answered'
}

/** Pages for maintenance and unknown hosts come before a backend is chosen; then the frontend's name stands in its place. */
function isFrontends(line: Outcome): boolean {
  return line.frontend.replace('~', '') === line.backend
}

export function isLost(fate: Fate): fate is LostCause {
  return fate !== 'answered' && fate !== 'aborted'
}

/** A stream that an instance opened: it got its head. One that did not is an ordinary request. */
export function openedStream(line: Outcome): boolean {
  return line.response >= 0 && line.status > 0
}

/** A stream that ended other than by the visitor breaking it off. */
export function closedStream(line: Outcome): boolean {
  return openedStream(line) && !/^[Cc]/.test(line.termination)
}
