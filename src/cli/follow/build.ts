import { setTimeout as pause } from 'node:timers/promises'
import { TasukiError } from '../../domain/errors.ts'
import type { ApiClient } from '../client.ts'
import { errorOfRecord } from '../client-errors.ts'
import { appPath } from '../command.ts'
import type { Build, Release } from '../wire/apps.ts'
import { PATIENCE_MS } from './rollout.ts'

const POLL_MS = 250

/**
 * Hands the log of a build to `write` as it grows, and returns the build once it has succeeded and its rollout is known.
 * Throws what the build failed with (`build_failed`, `invalid_procfile` …).
 */
export async function followBuild(
  client: ApiClient,
  app: string,
  build: Build,
  write: (chunk: Uint8Array) => void,
): Promise<Build> {
  const patient = client.patient(PATIENCE_MS)
  const path = appPath(app, 'builds', build.id)
  const log = new GrowingText(patient, build.output_stream_url, write)
  for (;;) {
    await log.read()
    const now = await patient.get<Build>(path)
    if (now.status === 'failed') throw buildError(now)
    if (now.status === 'succeeded' || now.tasuki?.rollout_id) return now
    await pause(POLL_MS)
  }
}

function buildError({ tasuki }: Build): TasukiError {
  if (tasuki?.error) return errorOfRecord(tasuki.error, 'build_failed')
  return new TasukiError('build_failed', 'The build failed.')
}

/** The id of the rollout that a build or its release began; null when it began none. */
export async function rolloutOfBuild(client: ApiClient, app: string, build: Build): Promise<string | null> {
  if (build.tasuki?.rollout_id) return build.tasuki.rollout_id
  if (build.release === null) return null
  const release = await client.get<Release>(appPath(app, 'releases', build.release.id))
  return release.tasuki?.rollout_id ?? null
}

/** A text that is read to its end once, over as many connections as that takes; no byte is handed on twice. */
class GrowingText {
  readonly #client: ApiClient
  readonly #url: string | null
  readonly #write: (chunk: Uint8Array) => void
  #seen = 0
  #whole = false

  constructor(client: ApiClient, url: string | null, write: (chunk: Uint8Array) => void) {
    this.#client = client
    this.#url = url
    this.#write = write
  }

  /** Returns at the end of the text, or where the connection broke: then it can be called again. */
  async read(): Promise<void> {
    if (this.#whole || this.#url === null) return
    let position = 0
    try {
      for await (const chunk of this.#client.text(this.#url)) {
        this.#take(chunk, position)
        position += chunk.byteLength
      }
      this.#whole = true
    } catch (error) {
      // The build's record says how it ended; its log is worth another try as long as the build goes on.
      if (!(error instanceof TasukiError && error.code === 'unreachable')) throw error
    }
  }

  #take(chunk: Uint8Array, position: number): void {
    const fresh = chunk.subarray(Math.max(0, this.#seen - position))
    this.#seen = Math.max(this.#seen, position + chunk.byteLength)
    if (fresh.byteLength > 0) this.#write(fresh)
  }
}
