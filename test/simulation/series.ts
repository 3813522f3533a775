import { Worker } from 'node:worker_threads'
import type { FromWorker, Order } from './worker.ts'

export interface Series {
  readonly from: number
  /** How many seeds; null: until `until`. */
  readonly seeds: number | null
  /** UTC ms; null: until all seeds are done. */
  readonly until: number | null
  readonly workers: number
}

/** Seeds spread over worker threads; `told` hears of each batch. `stop` ends it after the present one. */
export function series(
  wish: Series,
  told: (message: FromWorker) => void,
): { done: Promise<void>; stop(): void } {
  const { from, seeds, until, workers } = wish
  const threads = Array.from({ length: workers }, (_, at) => {
    const workerData: Order = {
      from: from + at,
      step: workers,
      until,
      last: seeds === null ? null : from + seeds - 1,
    }
    const thread = new Worker(new URL('./worker.ts', import.meta.url), { workerData })
    thread.on('message', told)
    return thread
  })
  return {
    done: Promise.all(threads.map(ended)).then(() => undefined),
    stop() {
      for (const thread of threads) thread.postMessage('stop')
    },
  }
}

function ended(thread: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    thread.once('error', reject)
    thread.once('exit', () => resolve())
  })
}
