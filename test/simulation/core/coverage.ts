/** How often each thing was seen in the runs, by area: so that what was never reached shows. */
export class Coverage {
  readonly counts: Record<string, Record<string, number>> = {}

  add(area: string, what: string, times = 1): void {
    let own = this.counts[area]
    if (!own) {
      own = {}
      this.counts[area] = own
    }
    own[what] = (own[what] ?? 0) + times
  }

  merge(other: Coverage['counts']): void {
    for (const [area, own] of Object.entries(other))
      for (const [what, times] of Object.entries(own)) this.add(area, what, times)
  }
}
