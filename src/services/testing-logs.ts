import type { DrainTarget, LogBook, LogQuery } from './ports.ts'

/** A log in memory. */
export class FakeLogs implements LogBook {
  readonly lines: { appId: string; dyno: string; source: string; number: number; line: string }[] = []
  /** Drains that lines would be sent to. */
  readonly drains = new Map<string, DrainTarget>()
  /** Those who wait for a line. */
  readonly waiting = new Set<() => void>()

  append(
    appId: string,
    { dyno, message, source = 'tasuki' }: { dyno: string; message: string; source?: string },
  ): void {
    const number = this.lines.length + 1
    const time = `2026-01-01T00:00:00.${String(number).padStart(6, '0')}Z`
    this.lines.push({ appId, dyno, source, number, line: `${time} ${source}[${dyno}]: ${message}` })
    for (const wake of [...this.waiting]) wake()
  }

  async last(appId: string, count: number, query: LogQuery) {
    const passing = this.#passing(appId, query)
    return { lines: count === 0 ? [] : passing.slice(-count), next: this.lines.length + 1 }
  }

  async *from(appId: string, number: number, query: LogQuery, signal: AbortSignal) {
    let next = number
    while (!signal.aborted) {
      const coming = this.#passing(appId, query).filter((one) => one.number >= next)
      next = this.lines.length + 1
      yield* coming
      if (next > this.lines.length && !signal.aborted) await this.#change(signal)
    }
  }

  async drain(drain: DrainTarget): Promise<void> {
    this.drains.set(drain.id, drain)
  }

  async undrain(id: string): Promise<void> {
    this.drains.delete(id)
  }

  drainState(id: string) {
    return this.drains.has(id) ? { sent: 0, dropped: 0, failing: null } : null
  }

  async remove(appId: string): Promise<void> {
    const kept = this.lines.filter((one) => one.appId !== appId)
    this.lines.splice(0, this.lines.length, ...kept)
  }

  #passing(appId: string, { dyno, source }: LogQuery) {
    return this.lines.filter(
      (one) => one.appId === appId && (!dyno || one.dyno === dyno) && (!source || one.source === source),
    )
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.waiting.delete(wake)
        resolve()
      }
      this.waiting.add(wake)
      signal.addEventListener('abort', wake, { once: true })
    })
  }
}
