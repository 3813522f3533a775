import { appendFileSync } from 'node:fs'

// RELEASE_LOG gets a line each time this runs; RELEASE_EXIT is the status that it ends with, after RELEASE_MS.
if (process.env.RELEASE_LOG) appendFileSync(process.env.RELEASE_LOG, `${process.env.TASUKI_RELEASE}\n`)
console.log(`release phase of release ${process.env.TASUKI_RELEASE}`)
setTimeout(() => process.exit(Number(process.env.RELEASE_EXIT ?? 0)), Number(process.env.RELEASE_MS ?? 0))
