/** Where the reading of one frontend's lines of one worker stands. */
export interface SequenceState {
  readonly from: number
  readonly to: number
  readonly count: number
}

/**
 * Counts lines against HAProxy's own line counter. With several threads two lines may carry the same number and the
 * next is left out, so single numbers mean nothing, but over a quiet moment the sums agree exactly (measured).
 */
export class Sequence {
  #from: number
  #to: number
  #count: number

  constructor(state: SequenceState) {
    this.#from = state.from
    this.#to = state.to
    this.#count = state.count
  }

  /** A worker counts from 0; a first line with a higher number means that earlier ones were lost or are of no interest. */
  static startingAt(seq: number): Sequence {
    return new Sequence({ from: seq, to: seq - 1, count: 0 })
  }

  get to(): number {
    return this.#to
  }

  add(seq: number): void {
    this.#count++
    if (seq < this.#from) this.#from = seq
    if (seq > this.#to) this.#to = seq
  }

  /** Lines that HAProxy wrote and nobody read; off by at most its number of threads while lines come. */
  get missing(): number {
    return Math.max(0, this.#to - this.#from + 1 - this.#count)
  }

  toJSON(): SequenceState {
    return { from: this.#from, to: this.#to, count: this.#count }
  }
}
