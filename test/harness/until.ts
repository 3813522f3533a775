import { setTimeout as pause } from 'node:timers/promises'

const STEP_MS = 25

/**
 * Waits for a condition and returns what it gave: the first value that is neither null, undefined nor false.
 * Throws an Error that names `what`, with the last thing seen, after `limitMs`.
 */
export async function until<T>(
  what: string,
  condition: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  limitMs = 30_000,
): Promise<T> {
  const end = performance.now() + limitMs
  for (;;) {
    const value = await condition()
    if (value !== null && value !== undefined && value !== false) return value
    if (performance.now() > end) throw new Error(`waited ${limitMs} ms in vain for: ${what}`)
    await pause(STEP_MS)
  }
}
