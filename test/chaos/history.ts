/** What a client has counted so far, at one instant. */
export interface Sample {
  /** UTC ms. */
  readonly at: number
  readonly answered: number
}

/** A client's count over time, from samples in order. */
export class History {
  readonly #samples: Sample[] = []

  add(sample: Sample): void {
    if (sample.at > (this.#samples.at(-1)?.at ?? Number.NEGATIVE_INFINITY)) this.#samples.push(sample)
  }

  /** Answers that certainly came between the two instants: from the first sample after one to the last before the other. */
  atLeast(from: number, to: number): number {
    const first = this.#samples.find(({ at }) => at >= from)
    const last = this.#samples.findLast(({ at }) => at <= to)
    return first && last ? Math.max(0, last.answered - first.answered) : 0
  }

  /** Answers that can have come between them, at most; infinite when the samples do not reach as far. */
  atMost(from: number, to: number): number {
    const last = this.#samples.find(({ at }) => at >= to)
    if (!last) return Number.POSITIVE_INFINITY
    return last.answered - (this.#samples.findLast(({ at }) => at <= from)?.answered ?? 0)
  }
}
