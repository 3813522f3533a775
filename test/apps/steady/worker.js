import { appendFileSync } from 'node:fs'

// WORKER_LOG gets a line at the start and one at the end, so that a test can see whether two ever overlapped.
const note = (what) => {
  console.log(`worker ${what}`)
  if (process.env.WORKER_LOG)
    appendFileSync(process.env.WORKER_LOG, `${what} ${process.env.TASUKI_INSTANCE} ${Date.now()}\n`)
}

note('start')
const working = setInterval(() => undefined, 1000)
process.once('SIGTERM', () => {
  note('end')
  clearInterval(working)
})
