import { Coverage } from './core/coverage.ts'
import { unreached } from './expected.ts'
import type { FromWorker } from './worker.ts'

/** What a series did and found. */
export class Summary {
  readonly #from: number
  readonly #started = Date.now()
  readonly #coverage = new Coverage()
  readonly #broken: { seed: number; rule: string; what: string }[] = []
  #seeds = 0
  #cpuMs = 0

  constructor(from: number) {
    this.#from = from
  }

  get failures(): number {
    return this.#broken.length
  }

  add({ seeds, coverage, cpuMs, failure }: FromWorker): void {
    this.#seeds += seeds
    this.#cpuMs += cpuMs
    this.#coverage.merge(coverage)
    if (failure) this.#broken.push({ seed: failure.seed, rule: failure.rule, what: failure.what })
  }

  /** One line for those who wait. */
  line(): string {
    const { seeds, rollouts, rolloutsPerCpuSecond } = this.data()
    const seconds = Math.round((Date.now() - this.#started) / 1000)
    return `${seconds} s: ${seeds} seeds, ${rollouts} rollouts (${rolloutsPerCpuSecond} a second of one core), ${this.failures} broken`
  }

  data() {
    const { counts } = this.#coverage
    const rollouts = counts.counts?.rollouts ?? 0
    return {
      from: this.#from,
      seeds: this.#seeds,
      rollouts,
      seconds: Math.round((Date.now() - this.#started) / 1000),
      rolloutsPerCpuSecond: this.#cpuMs === 0 ? 0 : Math.round((1000 * rollouts) / this.#cpuMs),
      broken: this.#broken,
      covered: counts,
      unreached: unreached(counts),
    }
  }

  text(): string {
    const { seeds, rollouts, seconds, rolloutsPerCpuSecond, covered, broken } = this.data()
    const areas = Object.entries(covered)
      .filter(([area]) => area !== 'counts')
      .map(([area, own]) => `${area}:\n${table(own)}`)
    const missing = this.data().unreached
    return [
      ...areas,
      missing.length === 0
        ? 'Everything that was expected was reached.'
        : `Never reached:\n  ${missing.join('\n  ')}`,
      ...broken.map(({ seed, rule, what }) => `seed ${seed} breaks ${rule}: ${what}`),
      `${seeds} seeds, ${rollouts} rollouts in ${seconds} s (${rolloutsPerCpuSecond} a second of one core), ${broken.length} broken.`,
    ].join('\n')
  }
}

function table(counts: Readonly<Record<string, number>>): string {
  const rows = Object.entries(counts).sort((a, b) => b[1] - a[1])
  return rows.map(([name, times]) => `  ${String(times).padStart(10)}  ${name}`).join('\n')
}
