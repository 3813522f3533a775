import { isNoted } from './docker/notes.ts'
import { rawLogsOf as ofProcesses } from './process/raw-logs.ts'

/** Where the output of all instances is found, wherever they run: what hosts tell is written beside what runs here. */
export function rawLogsOf(data: string) {
  const here = ofProcesses(data)
  return { ...here, exists: (instance: string) => here.exists(instance) || isNoted(data, instance) }
}
