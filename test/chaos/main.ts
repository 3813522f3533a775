/**
 * The real counterpart of the simulation: a real control plane with a real HAProxy and real processes, under real load,
 * while commands and faults come from a seed. Counts at the client, and holds the receipts against it.
 *
 * GETs must never be lost. A POST or an upload that was in flight in an instance as that died can not be repeated by anybody:
 * those are counted apart, as streams are; any other one that is lost is a failure like a GET.
 */
import { type ChaosOptions, readOptions, USAGE } from './options.ts'
import { tellRollout, tellSummary, tellTimeline } from './report.ts'
import { type Run, runChaos } from './run.ts'

const stopping = new AbortController()

async function main(): Promise<number> {
  if (process.argv.includes('--help')) return say(USAGE, 0)
  const options = optionsOrNull()
  if (options === null) return 2
  const tell = options.json ? console.error : console.log
  tell(`seed ${options.seed} · ${options.minutes} minutes · ${options.rate} requests a second`)
  const run = await runChaos(options, (...ended) => tell(tellRollout(...ended)), stopping.signal)
  show(run, options, tell)
  return run.summary.ok ? 0 : 1
}

function optionsOrNull(): ChaosOptions | null {
  try {
    return readOptions(process.argv.slice(2), Math.floor(Math.random() * 1e9))
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`)
    return null
  }
}

function show(
  { summary, ledger, failed, log }: Run,
  options: ChaosOptions,
  tell: (text: string) => void,
): void {
  if (!summary.ok) tell(`${tellTimeline(ledger, failed)}\n\nThe end of the control plane's log:\n${log}`)
  tell(tellSummary(summary))
  if (options.json) console.log(JSON.stringify(summary, null, 2))
}

function say(text: string, code: number): number {
  console.log(text)
  return code
}

process.on('SIGINT', () => {
  if (stopping.signal.aborted) process.exit(130)
  console.error('Stopping; once more to stop at once.')
  stopping.abort(new Error('stopped by Ctrl-C'))
})

process.exitCode = await main().catch((error: Error) => {
  console.error(stopping.signal.aborted ? 'Stopped. Nothing is left behind.' : error)
  return stopping.signal.aborted ? 130 : 1
})
