/** Some lines of a log, on their way to a drain. */
export interface Batch {
  /** Unique; the same when the batch is sent again. */
  readonly id: string
  /** Number of the first line. */
  readonly first: number
  readonly lines: readonly string[]
}

/** Takes batches to a receiver, one after the other. */
export interface Sink {
  /** A batch holds about this many bytes at most. */
  readonly mostBytes: number
  /** ms to wait after a small batch, so that the next one is worth its way. */
  readonly lingerMs: number
  /** ms for which what was delivered may still be lost with its connection; 0 where the receiver says that it has it. */
  readonly unsureMs: number
  /** The connection has proved good: what went wrong before is over. */
  readonly settled: boolean
  /** Resolves when the batch has gone; throws DeliveryError. */
  deliver(batch: Batch, signal: AbortSignal): Promise<void>
  close(): void
}

/** Why a batch did not get through, in words that hold no credentials. */
export class DeliveryError extends Error {
  /** `lost` may go well another time; `refused` never will, for this batch; `certificate`: the receiver is not who it should be. */
  readonly kind: 'lost' | 'refused' | 'certificate'

  constructor(kind: DeliveryError['kind'], message: string) {
    super(message)
    this.name = 'DeliveryError'
    this.kind = kind
  }
}

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ERR_TLS/

/** What a socket threw. Its code tells enough; its message might hold an address with credentials. */
export function asDeliveryError(error: unknown): DeliveryError {
  if (error instanceof DeliveryError) return error
  const { code, name } = error as { code?: string; name?: string }
  const what = code ?? name ?? 'unknown error'
  return new DeliveryError(CERTIFICATE.test(what) ? 'certificate' : 'lost', what)
}
