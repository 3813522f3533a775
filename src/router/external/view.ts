import type { RouterServer } from '../../rollout/ports.ts'
import type { ServerRecord } from './book.ts'
import type { Series } from './series.ts'

/**
 * An instance as the engine is to see it. The balancer can't be asked: what it may be doing counts as done. So one that
 * passes its checks may have requests at once (`ready`), serves for sure only when it has passed for long enough, and one
 * that was told to shut down may have a request in flight (1: nobody can count them) until the time for that is over.
 */
export function serverView(record: ServerRecord, series: Series, now: number): RouterServer {
  const { instance, address } = record
  const seen = { instance, address, streams: 0, check: series.words, passedOnce: passedOnce(record, series) }
  return { ...seen, ...stateOf(record, series, now) }
}

type State = Pick<RouterServer, 'admin' | 'everywhere' | 'health' | 'inFlight'>

function stateOf({ phase, rules }: ServerRecord, series: Series, now: number): State {
  const { balancer, drainMs } = rules
  switch (phase) {
    case 'assigned':
      return assigned(balancer, series, now)
    case 'admitted': {
      const health = series.isTakenOut(balancer, now) ? 'down' : 'up'
      return { admin: 'ready', everywhere: true, health, inFlight: 0 }
    }
    case 'draining': {
      const inFlight = series.isOut(balancer, now, drainMs) ? 0 : 1
      return { admin: 'drain', everywhere: true, health: 'down', inFlight }
    }
    case 'parked':
      return { admin: 'maint', everywhere: true, health: 'checking', inFlight: 0 }
  }
}

function assigned(balancer: ServerRecord['rules']['balancer'], series: Series, now: number): State {
  const state = { inFlight: 0, health: 'checking', everywhere: true } as const
  // In by itself, and not written down yet: to be admitted.
  if (series.isIn(balancer, now)) return { ...state, admin: 'ready', everywhere: false, health: 'up' }
  if (!series.passedOnce || series.isOut(balancer, now)) return { ...state, admin: 'drain' }
  return { ...state, admin: 'ready', health: series.isUnsteady(balancer, now) ? 'down' : 'checking' }
}

/** Of what was let in before a restart of the control plane it is known without a check. */
function passedOnce({ phase }: ServerRecord, series: Series): boolean {
  return series.passedOnce || phase === 'admitted' || phase === 'draining'
}
