import { setFlagsFromString } from 'node:v8'

const drain = nativeCheckpoint()

/**
 * Lets every promise go on that can, and returns when none is left. Takes nanoseconds, where a turn of the event loop
 * takes a microsecond: a simulated run has hundreds of thousands of them. Works only inside `inMacrotask`.
 */
export const drainMicrotasks: () => void = drain

/** Runs synchronous code where `drainMicrotasks` works: at the bottom of the stack, outside of any promise's callback. */
export function inMacrotask<T>(run: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      try {
        assertDraining()
        resolve(run())
      } catch (error) {
        reject(error)
      }
    })
  })
}

function nativeCheckpoint(): () => void {
  setFlagsFromString('--allow-natives-syntax')
  try {
    return new Function('%PerformMicrotaskCheckpoint()') as () => void
  } finally {
    setFlagsFromString('--no-allow-natives-syntax')
  }
}

function assertDraining(): void {
  let gone = false
  void Promise.resolve().then(() => {
    gone = true
  })
  drain()
  if (!gone)
    throw new Error('This Node does not let promises go on when asked: the simulation needs Node 24.')
}
