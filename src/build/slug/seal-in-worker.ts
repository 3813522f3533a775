import { once } from 'node:events'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Seal } from './seal.ts'

/** `sealTree` on a thread of its own: a large tree takes seconds, and the control plane must not stand still. */
export async function sealInWorker(root: string): Promise<Seal> {
  const file = new URL(`./seal.worker${extname(import.meta.url)}`, import.meta.url)
  // The flags of this process are not meant for the worker, and some would keep it from starting.
  const worker = new Worker(file, { workerData: root, execArgv: [] })
  const [seal] = (await once(worker, 'message')) as [Seal]
  await worker.terminate()
  return seal
}
