import type { Place, Segments } from './segments.ts'

/** What was read in one go. */
export interface Piece {
  /** Lines before these that are no longer kept: they came and went faster than they were read. */
  readonly missed: number
  /** Number of the first line. */
  readonly first: number
  readonly lines: readonly string[]
}

/** Resolves once there is a line of that number: true, or false when there never will be, or `signal` is aborted. */
type Await = (number: number, signal: AbortSignal) => Promise<boolean>

/** Reads a log from a place on, at its own pace. Holds nothing but the place. */
export class LogReader {
  readonly #segments: Segments
  readonly #await: Await
  #from: number | undefined
  #place: Place | null = null

  constructor(segments: Segments, from: number | undefined, until: Await) {
    this.#segments = segments
    this.#from = from
    this.#await = until
  }

  /** Number of the line that is read next. */
  async position(): Promise<number> {
    this.#place ??= await this.#start()
    return this.#place.number
  }

  /** Goes to the line with that number. */
  goTo(number: number): void {
    this.#from = number
    this.#place = null
  }

  /** Some lines, about `mostBytes` at most, as soon as there are any; null once `signal` is aborted or the log is gone. */
  async next(mostBytes: number, signal: AbortSignal): Promise<Piece | null> {
    while (await this.#await(await this.position(), signal)) {
      const piece = await this.#now(mostBytes)
      if (piece.lines.length > 0 || piece.missed > 0) return piece
    }
    return null
  }

  async #now(mostBytes: number): Promise<Piece> {
    this.#place ??= await this.#start()
    const { missed, lines, next } = await this.#segments.read(this.#place, mostBytes)
    this.#place = next
    return { missed, first: next.number - lines.length, lines }
  }

  async #start(): Promise<Place> {
    await this.#segments.open()
    return this.#from === undefined ? this.#segments.end : this.#segments.placeOf(this.#from)
  }
}
