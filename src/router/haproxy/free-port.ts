import { createServer } from 'node:net'

/**
 * Below the ports of instances and those that systems give to outgoing connections: a port is bound some time after it
 * has been chosen, and again after each restart of HAProxy, and until then it must be nobody else's.
 */
const FIRST = 10_000
const COUNT = 10_000

/** Spreads processes that look at the same time over the range, though their ids follow each other. */
const SPREAD = 7_919

let next = process.pid * SPREAD

/** A port of the loopback interface that nobody listens on; another one each time. Throws when there is none. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < COUNT; tried += 1) {
    const port = FIRST + (next++ % COUNT)
    if (await isFree(port)) return port
  }
  throw new Error(`no port from ${FIRST} to ${FIRST + COUNT - 1} is free on the loopback interface`)
}

/** Whether one could listen on that port of the loopback interface. */
export function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
