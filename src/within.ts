/**
 * Waits for a call for at most so many ms. Then it is told to stop by its signal, and whether it does or not, this rejects with
 * what `late` makes: it is not known what came of it.
 */
export async function within<T>(
  limitMs: number,
  call: (signal: AbortSignal) => Promise<T>,
  late: () => Error,
): Promise<T> {
  const abort = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(late())
      abort.abort()
    }, limitMs)
  })
  try {
    return await Promise.race([call(abort.signal), over])
  } finally {
    clearTimeout(timer)
  }
}
