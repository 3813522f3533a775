import { fork } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FromLoad } from './process.ts'
import type { LoadOptions, LoadReport, Snapshot } from './types.ts'

/** A load tells how it goes five times a second; one that is silent for so long, ms, stands still. */
const SILENT_MS = 20_000

export type { LoadOptions, LoadReport, LossCause } from './types.ts'

/** A load that runs in a process of its own, so that nothing here disturbs its clock. */
export interface RunningLoad {
  /** As of at most a fifth of a second ago; null before the first. */
  snapshot(): Snapshot | null
  /** Ends it and resolves with its counts, when each request sent has had its outcome. Repeatable. */
  stop(): Promise<LoadReport>
  /** The same counts, when it has ended by itself or by `stop`. */
  readonly ended: Promise<LoadReport>
}

/** Starts a load; it sends from the moment this resolves. */
export async function startLoad(options: LoadOptions): Promise<RunningLoad> {
  const child = fork(fileURLToPath(new URL('./process.ts', import.meta.url)), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    serialization: 'advanced',
  })
  const first = Promise.withResolvers<void>()
  const last = Promise.withResolvers<LoadReport>()
  let snapshot: Snapshot | null = null
  const silence = setTimeout(() => {
    last.reject(new Error(`the load has said nothing for ${SILENT_MS} ms: ${standing(child.pid)}`))
    first.reject(new Error(`the load never began: ${standing(child.pid)}`))
    child.kill('SIGKILL')
  }, SILENT_MS)
  child.on('message', (message: FromLoad) => {
    silence.refresh()
    if ('report' in message) return last.resolve(message.report)
    snapshot = message.snapshot
    first.resolve()
  })
  // Not `exit`: that may come before what the process has said last.
  child.on('close', (code, signal) => {
    clearTimeout(silence)
    const error = new Error(`the load ended by itself (${signal ?? code}) without a report`)
    first.reject(error)
    last.reject(error)
  })
  // Whoever never asks for the report must not fail for it.
  last.promise.catch(() => undefined)
  child.send({ start: options })
  await first.promise
  return {
    snapshot: () => snapshot,
    stop: () => {
      if (child.connected) child.send({ stop: true })
      return last.promise
    },
    ended: last.promise,
  }
}

/** What the kernel knows of a process that does not answer: its threads' states and where they wait. */
function standing(pid: number | undefined): string {
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    return threads
      .map((thread) => {
        const of = (what: string) => readFileSync(`/proc/${pid}/task/${thread}/${what}`, 'utf8').trim()
        return `${of('comm')} ${of('stat').split(') ')[1]?.[0]} ${of('wchan')} ${of('syscall')}`
      })
      .join('; ')
  } catch (error) {
    return String(error)
  }
}

export interface PostCheck {
  /** Answered, but the app never processed it. */
  readonly missing: readonly string[]
  /** Processed more than once. */
  readonly doubled: readonly string[]
}

/** Holds the ids that the apps processed against those sent: each exactly once, a lost one at most once. */
export function checkPosts(report: LoadReport, processed: Iterable<string>): PostCheck {
  const times = new Map<string, number>()
  for (const id of processed) times.set(id, (times.get(id) ?? 0) + 1)
  const lost = new Set(report.posts.lost)
  const sent = Array.from({ length: report.posts.sent }, (_, number) => `${report.posts.run}-${number}`)
  return {
    missing: sent.filter((id) => !times.has(id) && !lost.has(id)),
    doubled: sent.filter((id) => (times.get(id) ?? 0) > 1),
  }
}
