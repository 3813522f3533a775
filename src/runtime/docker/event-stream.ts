import type { Readable } from 'node:stream'
import { askToOpen, LIMITS } from './calls.ts'
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

/** What happens, from the opening on. It ends when the connection does. */
export interface EventStream extends AsyncIterable<DockerEvent> {
  close(): void
}

/** Opens the stream of events of our containers. */
export async function openEvents(
  host: DockerHost,
  server: string,
  closing: AbortSignal,
): Promise<EventStream> {
  const filters = JSON.stringify({
    type: ['container'],
    event: ACTIONS,
    label: [`${LABELS.server}=${server}`],
  })
  const open = (abortSignal: AbortSignal) => host.docker.getEvents({ filters, abortSignal })
  const stream = (await askToOpen(host, LIMITS.look, open, closing)) as Readable
  stream.setEncoding('utf8')
  return { [Symbol.asyncIterator]: () => eventsOf(stream), close: () => stream.destroy() }
}

async function* eventsOf(stream: Readable): AsyncGenerator<DockerEvent> {
  let rest = ''
  for await (const piece of untilItBreaks(stream)) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop()!
    for (const line of lines) if (line.trim() !== '') yield parsed(line)
  }
}

/** A connection that breaks ends the events, also before anybody reads them; why it broke is the connection's to tell. */
async function* untilItBreaks(stream: Readable): AsyncGenerator<string> {
  try {
    for await (const piece of stream) yield piece as string
  } catch {
    return
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
