import { createParser, type EventSourceMessage } from 'eventsource-parser'
import type { StreamEvent } from './client.ts'

/** Events out of the bytes of an event stream. */
export async function* serverEvents(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<StreamEvent> {
  const ready: EventSourceMessage[] = []
  const parser = createParser({ onEvent: (event) => ready.push(event) })
  const decoder = new TextDecoder()
  for await (const chunk of bytes) {
    parser.feed(decoder.decode(chunk, { stream: true }))
    for (const { event, data, id } of ready.splice(0)) yield { event: event ?? 'message', data, id: id ?? '' }
  }
}
