/**
 * Loaded into each test process before its tests: leaves behind how much of the processors it has used, with what it
 * started and waited for.
 */
import { appendFileSync, readFileSync } from 'node:fs'

/** Of the times in /proc; the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

/** Where its own user time stands among what follows the command; then come its system time and those of its children. */
const FIRST_TIME = 11

const file = process.env.TASUKI_TEST_CPU
if (file !== undefined) {
  // What it starts with the same flags is counted with it.
  delete process.env.TASUKI_TEST_CPU
  process.on('exit', () => appendFileSync(file, `${JSON.stringify([process.argv[1], used()])}\n`))
}

/** Seconds. */
function used(): number {
  try {
    const fields = readFileSync('/proc/self/stat', 'latin1').split(') ').at(-1)!.split(' ')
    const ticks = fields.slice(FIRST_TIME, FIRST_TIME + 4).map(Number)
    return ticks.reduce((sum, one) => sum + one, 0) / TICKS_PER_SECOND
  } catch {
    // No Linux: then without its children.
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  }
}
