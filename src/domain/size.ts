import { TasukiError } from './errors.ts'

/** How much of a machine one instance may use. */
export interface Size {
  readonly name: string
  /** MiB of memory before the instance is ended (R15). */
  readonly memoryMiB: number
  /** Share of the processor against other instances, 1 to 10,000; 100 is usual. */
  readonly cpuShares: number
}

/** Heroku's names, so that `ps:scale web=2:Standard-2X` means what people expect, with its memory limits. */
export const SIZES: readonly Size[] = [
  { name: 'Eco', memoryMiB: 512, cpuShares: 100 },
  { name: 'Basic', memoryMiB: 512, cpuShares: 100 },
  { name: 'Standard-1X', memoryMiB: 512, cpuShares: 100 },
  { name: 'Standard-2X', memoryMiB: 1024, cpuShares: 200 },
  { name: 'Performance-M', memoryMiB: 2560, cpuShares: 1200 },
  { name: 'Performance-L', memoryMiB: 14336, cpuShares: 5000 },
]

export const DEFAULT_SIZE = 'Standard-1X'

/** The size of that name, in any case; throws `invalid_params` naming those that exist. */
export function sizeOf(name: string): Size {
  const found = SIZES.find((size) => size.name.toLowerCase() === name.toLowerCase())
  if (found) return found
  throw new TasukiError('invalid_params', `There is no size "${name}".`, {
    next: `Use one of ${SIZES.map((size) => size.name).join(', ')}.`,
  })
}
