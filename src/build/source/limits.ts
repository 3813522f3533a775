import { TasukiError } from '../../domain/errors.ts'

/** What a source may be at most, so that no upload can fill the disk or the processor. */
export interface SourceLimits {
  /** Files, folders and links. */
  readonly entries: number
  /** Bytes of all files, unpacked. */
  readonly bytes: number
  /** Unpacked bytes for each byte of the upload, above the first 64 MiB. */
  readonly ratio: number
}

export const DEFAULT_LIMITS: SourceLimits = { entries: 200_000, bytes: 2 ** 30, ratio: 200 }

const RATIO_FROM_BYTES = 64 * 2 ** 20

/** Counts what comes out of an archive, and throws `too_large` as soon as it is too much. */
export class Meter {
  readonly #limits: SourceLimits
  readonly #packedBytes: number
  #entries = 0
  #bytes = 0
  #inflated = 0

  constructor(limits: SourceLimits, packedBytes: number) {
    this.#limits = limits
    this.#packedBytes = packedBytes
  }

  entry(bytes: number): void {
    this.#entries += 1
    this.#bytes += bytes
    if (this.#entries > this.#limits.entries) {
      throw new TasukiError('too_large', `The source has more than ${this.#limits.entries} files.`)
    }
    if (this.#bytes > this.#limits.bytes) {
      throw new TasukiError('too_large', `The source has more than ${this.#limits.bytes} bytes unpacked.`)
    }
  }

  inflated(bytes: number): void {
    this.#inflated += bytes
    const allowed = Math.max(RATIO_FROM_BYTES, this.#packedBytes * this.#limits.ratio)
    if (this.#inflated > allowed) {
      throw new TasukiError(
        'too_large',
        `The source unpacks to more than ${this.#limits.ratio} times the size of its archive.`,
      )
    }
  }
}
