/** How often each thing was seen in the runs, by area: so that what was never reached shows. */
export class Coverage {
  readonly #seen = new Map<string, Map<string, number>>()

  get counts(): Record<string, Record<string, number>> {
    const counts: Record<string, Record<string, number>> = {}
    for (const [area, own] of this.#seen) {
      const seen: Record<string, number> = {}
      for (const [what, times] of own) seen[what] = times
      counts[area] = seen
    }
    return counts
  }

  add(area: string, what: string, times = 1): void {
    const own = this.#area(area)
    own.set(what, (own.get(what) ?? 0) + times)
  }

  #area(name: string): Map<string, number> {
    let own = this.#seen.get(name)
    if (!own) {
      own = new Map()
      this.#seen.set(name, own)
    }
    return own
  }

  merge(other: Coverage['counts']): void {
    for (const area in other) {
      const own = this.#area(area)
      const more = other[area]!
      for (const what in more) own.set(what, (own.get(what) ?? 0) + more[what]!)
    }
  }
}
