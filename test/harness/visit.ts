import { type IncomingHttpHeaders, request } from 'node:http'
import { text } from 'node:stream/consumers'

export interface Visit {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** One request on a connection of its own. Rejects when there is no whole answer. */
export async function visit(url: string, host: string, path: string, method = 'GET'): Promise<Visit> {
  const { promise, resolve, reject } = Promise.withResolvers<Visit>()
  const sent = request(new URL(path, url), { method, headers: { host }, agent: false }, (answer) => {
    const { statusCode: status = 0, headers } = answer
    text(answer).then((body) => resolve({ status, headers, body }), reject)
  })
  sent.on('error', reject)
  sent.end()
  return promise
}
