import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { ask, LIMITS } from './calls.ts'
import type { DockerHost } from './host.ts'
import { LABELS } from './labels.ts'

/** What Docker tells as it happens. */
export interface DockerEvent {
  readonly action: 'start' | 'die' | 'oom' | 'destroy'
  /** Docker's id of the container. */
  readonly container: string
  readonly labels: Readonly<Record<string, string>>
  /** Of `die`. */
  readonly exitCode: number | null
  /** UTC ms of the host's clock. */
  readonly at: number
}

const ACTIONS = ['start', 'die', 'oom', 'destroy']

/** Opens the stream of events of our containers. It ends when the connection does. */
export async function openEvents(
  host: DockerHost,
  server: string,
  closing: AbortSignal,
): Promise<AsyncIterable<DockerEvent>> {
  const filters = JSON.stringify({
    type: ['container'],
    event: ACTIONS,
    label: [`${LABELS.server}=${server}`],
  })
  // The time limit is for its beginning only.
  const stream = (await ask(host, LIMITS.look, () =>
    host.docker.getEvents({ filters, abortSignal: closing }),
  )) as Readable
  return events(stream)
}

async function* events(stream: Readable): AsyncIterable<DockerEvent> {
  const lines = createInterface({ input: stream })
  // A connection that breaks ends the lines; why it broke is the connection's to tell.
  stream.once('error', () => lines.close()).once('close', () => lines.close())
  try {
    for await (const line of lines) if (line.trim() !== '') yield parsed(line)
  } finally {
    stream.destroy()
  }
}

interface RawEvent {
  readonly Action: string
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> }
  readonly timeNano: number
}

function parsed(line: string): DockerEvent {
  const { Action, Actor, timeNano } = JSON.parse(line) as RawEvent
  const { exitCode } = Actor.Attributes
  return {
    action: Action as DockerEvent['action'],
    container: Actor.ID,
    labels: Actor.Attributes,
    exitCode: exitCode === undefined ? null : Number(exitCode),
    at: timeNano / 1e6,
  }
}
