/** How often each thing was seen in the runs, by area: so that what was never reached shows. */
export class Coverage {
  readonly #seen = new Map<string, Map<string, number>>()

  get counts(): Record<string, Record<string, number>> {
    return Object.fromEntries([...this.#seen].map(([area, own]) => [area, Object.fromEntries(own)]))
  }

  add(area: string, what: string, times = 1): void {
    let own = this.#seen.get(area)
    if (!own) {
      own = new Map()
      this.#seen.set(area, own)
    }
    own.set(what, (own.get(what) ?? 0) + times)
  }

  merge(other: Coverage['counts']): void {
    for (const [area, own] of Object.entries(other))
      for (const [what, times] of Object.entries(own)) this.add(area, what, times)
  }
}
