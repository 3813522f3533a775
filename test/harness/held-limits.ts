import type { TestContext } from 'node:test'

/** Holds every timer of that many ms; the answer lets them run out, or only that one of them, counted from 0. */
export function heldLimits(t: TestContext, limitMs: number): (only?: number) => void {
  const real = globalThis.setTimeout
  const held: (() => void)[] = []
  t.mock.method(globalThis, 'setTimeout', (run: () => void, ms?: number) => {
    if (ms !== limitMs) return real(run, ms)
    held.push(run)
    return real(nothing, 0)
  })
  return (only) => {
    for (const run of only === undefined ? held.splice(0) : held.slice(only, only + 1)) run()
  }
}

function nothing(): void {
  // Its time is the test's to say.
}
