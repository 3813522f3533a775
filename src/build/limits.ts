import { totalmem } from 'node:os'
import type { BuildRequest } from '../domain/build.ts'
import { asTasukiError, TasukiError } from '../domain/errors.ts'
import { watchMemory } from './process/memory.ts'
import type { BuildUser } from './process/user.ts'

const MIB = 2 ** 20

/** What one build may use. */
export interface BuildLimits {
  /** Longest build in seconds. Default 900. */
  readonly buildSeconds: number
  /** Bytes of its log. Default 16 MiB. */
  readonly outputBytes: number
  /** Bytes of memory of all its processes together. Default half of the machine's, but not under 512 MiB. */
  readonly memoryBytes: number
}

export const DEFAULT_BUILD_LIMITS: BuildLimits = {
  buildSeconds: 900,
  outputBytes: 16 * MIB,
  memoryBytes: Math.max(512 * MIB, totalmem() / 2),
}

/** Runs a build and ends it with `build_failed` when it goes beyond its limits. Time counts from now, not from its queueing. */
export async function withinLimits<Result>(
  request: BuildRequest,
  user: BuildUser | null,
  limits: BuildLimits,
  build: (limited: BuildRequest) => Promise<Result>,
): Promise<Result> {
  const over = new AbortController()
  const end = (what: string) => over.abort(new TasukiError('build_failed', `The build ${what}.`))
  const log = measured(request.log, limits.outputBytes, () =>
    end(`wrote more than ${Math.round(limits.outputBytes / MIB)} MiB of output`),
  )
  const timer = setTimeout(() => end(`took longer than ${limits.buildSeconds} s`), limits.buildSeconds * 1000)
  const memory = `used more than ${Math.round(limits.memoryBytes / MIB)} MiB of memory`
  const unwatch = user ? watchMemory(user, limits.memoryBytes, () => end(memory)) : () => undefined
  try {
    return await build({ ...request, log, signal: AbortSignal.any([request.signal, over.signal]) })
  } catch (error) {
    throw over.signal.aborted && !request.signal.aborted ? over.signal.reason : asTasukiError(error)
  } finally {
    clearTimeout(timer)
    unwatch()
  }
}

/** Passes lines on until there are too many bytes of them. */
function measured(log: (line: string) => void, most: number, tooMuch: () => void): (line: string) => void {
  let bytes = 0
  return (line) => {
    bytes += line.length + 1
    if (bytes <= most) log(line)
    else tooMuch()
  }
}
