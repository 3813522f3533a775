import { readFile } from 'node:fs/promises'

export interface Outage {
  /** UTC ms. */
  readonly from: number
  readonly ms: number
}

/** The times that the watchdog has noted in which HAProxy was down, oldest first. */
export async function readOutages(path: string): Promise<Outage[]> {
  try {
    return parseOutages(await readFile(path, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function parseOutages(text: string): Outage[] {
  return [...text.matchAll(/^(\d+) (\d+)$/gm)].map(([, from, to]) => ({
    from: Number(from),
    ms: Math.max(0, Number(to) - Number(from)),
  }))
}
