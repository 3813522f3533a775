/** What happened in a run, line by line, for people; nothing is kept unless it is wanted. */
export class Trace {
  readonly #now: () => number
  readonly lines: string[] | null

  constructor(now: () => number, wanted: boolean) {
    this.#now = now
    this.lines = wanted ? [] : null
  }

  /** The text is only made when somebody wants it. */
  say(text: () => string): void {
    this.lines?.push(`${(this.#now() / 1000).toFixed(3).padStart(9)} s  ${text()}`)
  }
}
