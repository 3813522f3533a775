import { TasukiError } from '../domain/errors.ts'

/** The one place that an app can be: this server. Named as clients expect, who point out every other name. */
export const REGION = 'us'

/** What an app is built and run on. */
export const STACK = 'tasuki-1'

/** Throws `invalid_params` for a region that there is not. */
export function checkRegion(name: string): void {
  if (name === REGION) return
  throw new TasukiError('invalid_params', `There is no region "${name.slice(0, 60)}".`, {
    next: `Leave it out: everything runs on this server ("${REGION}").`,
  })
}

/** Throws `invalid_params` for a stack that there is not. */
export function checkStack(name: string): void {
  if (name === STACK) return
  throw new TasukiError('invalid_params', `There is no stack "${name.slice(0, 60)}".`, {
    next: `Leave it out, or use "${STACK}".`,
  })
}
