import { parentPort, workerData } from 'node:worker_threads'
import type { ReaderOptions, Reply, Request } from './protocol.ts'
import { Reader } from './reader.ts'

/** The reader thread: requests in, answers and lines out. */
const port = parentPort
if (!port) throw new Error('reader.worker.ts runs in a worker thread only')

const send = (reply: Reply) => port.postMessage(reply)
const reader = new Reader(
  workerData as ReaderOptions,
  (lines) => send({ lines }),
  (failure) => send({ failure }),
)

port.on('message', async ({ id, name, args }: Request) => {
  try {
    const method = reader[name] as (...args: readonly unknown[]) => unknown
    send({ id, result: await method.apply(reader, [...args]) })
  } catch (error) {
    send({ id, error: error instanceof Error ? error.message : String(error) })
  }
  if (name === 'stop') port.close()
})
