export interface Happening {
  /** UTC ms. */
  readonly at: number
  readonly what: string
}

/** What was done and seen, in order. */
export class Timeline {
  readonly #happenings: Happening[] = []

  note(what: string, at = Date.now()): void {
    this.#happenings.push({ at, what })
  }

  /** What happened from `from` to `to`, with `more` put in its place. */
  between(from: number, to: number, more: readonly Happening[] = []): Happening[] {
    return [...this.#happenings, ...more]
      .filter(({ at }) => at >= from && at <= to)
      .sort((one, other) => one.at - other.at)
  }
}

/** `12:34:56.789 what`, in UTC. */
export function tellHappening({ at, what }: Happening): string {
  return `${new Date(at).toISOString().slice(11, 23)} ${what}`
}
