import { setTimeout as pause } from 'node:timers/promises'
import { type Backend, type Slot, streamName } from './backend.ts'
import type { Workers } from './workers.ts'

const STEPS = 10
const STEP_MS = 100

/** Cuts the streams of a slot a tenth at a time, so that those who were on them do not all come back at once. */
export async function cutSpread(workers: Workers, backend: Backend, slot: Slot): Promise<void> {
  const said = await workers.each(() => ['show sess'])
  const sessions = new Map(
    said.map(({ worker, answers }) => [worker.pid, sessionsOf(answers[0]!, backend, slot)]),
  )
  const most = Math.max(0, ...[...sessions.values()].map((each) => each.length))
  if (most === 0) return
  const share = Math.ceil(most / STEPS)
  for (let from = 0; from < most; from += share) {
    if (from > 0) await pause(STEP_MS)
    await workers.each(({ pid }) =>
      (sessions.get(pid) ?? []).slice(from, from + share).map((id) => `shutdown session ${id}`),
    )
  }
}

/** Ids of the sessions that a slot's stream twin serves. */
function sessionsOf(text: string, backend: Backend, slot: Slot): string[] {
  const place = ` be=${streamName(backend.name)} srv=${slot.name} `
  return text
    .split('\n')
    .filter((line) => line.includes(place))
    .map((line) => line.slice(0, line.indexOf(':')))
}
