import { setTimeout as pause } from 'node:timers/promises'

/** Between two looks: the longer it has been waited, the more, since each look takes the processors from what it waits for. */
const STEP_MS = { least: 25, most: 100, afterLong: 300 }
const STEP_OF_WAITED = 1 / 20

/**
 * Waits for a condition and returns what it gave: the first value that is neither null, undefined nor false.
 * Throws an Error that names `what`, with the last thing seen, after `limitMs`.
 */
export async function until<T>(
  what: string,
  condition: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  limitMs = 30_000,
): Promise<T> {
  const began = performance.now()
  for (;;) {
    const looked = performance.now()
    const value = await condition()
    if (value !== null && value !== undefined && value !== false) return value
    const now = performance.now()
    if (now - began > limitMs) throw new Error(`waited ${limitMs} ms in vain for: ${what}`)
    const step = Math.min(Math.max((now - began) * STEP_OF_WAITED, STEP_MS.least), STEP_MS.most)
    // Looks that start programs take long: without a pause they would keep a core busy.
    await pause(Math.max(step, Math.min(now - looked, STEP_MS.afterLong)))
  }
}
