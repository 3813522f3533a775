/** Numbers that look random and are the same for the same seed, so that a failed run can be run again. */
export class Random {
  readonly seed: number
  #state: number

  /** `SEED` of the environment, unless one is given; else one of today's making. */
  constructor(seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9))) {
    this.seed = seed
    this.#state = seed
  }

  /** 0 to 1, without 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  pick<T>(from: readonly T[]): T {
    return from[this.between(0, from.length - 1)]!
  }

  /** That many of them, in random order, none twice. */
  sample<T>(from: readonly T[], count = from.length): T[] {
    const rest = [...from]
    const picked: T[] = []
    while (picked.length < count && rest.length > 0)
      picked.push(...rest.splice(this.between(0, rest.length - 1), 1))
    return picked
  }
}
