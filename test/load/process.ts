/** The process in which a load runs, started by `startLoad`. It ends with whoever started it. */
import { Load } from './load.ts'
import type { LoadOptions, LoadReport, Snapshot } from './types.ts'

const SNAPSHOT_MS = 200

export type ToLoad = { readonly start: LoadOptions } | { readonly stop: true }
export type FromLoad = { readonly snapshot: Snapshot } | { readonly report: LoadReport }

function tell(message: FromLoad): void {
  process.send?.(message)
}

function start(options: LoadOptions): () => Promise<void> {
  const load = new Load(options)
  const timer = setInterval(() => tell({ snapshot: load.snapshot() }), SNAPSHOT_MS)
  const stop = async () => {
    const report = await load.stop()
    clearInterval(timer)
    clearTimeout(limit)
    process.send?.({ report } satisfies FromLoad, undefined, undefined, () => process.exit(0))
  }
  const limit = setTimeout(() => void stop(), (options.maxSeconds ?? 600) * 1_000)
  return stop
}

let stop: (() => Promise<void>) | null = null
process.on('message', (message: ToLoad) => {
  if ('start' in message) stop = start(message.start)
  else void stop?.()
})
process.on('disconnect', () => process.exit(1))
// Ctrl-C in a terminal goes to everyone; whoever started the load decides when it ends.
process.on('SIGINT', () => undefined)
