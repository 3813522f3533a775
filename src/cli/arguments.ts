import { TasukiError } from '../domain/errors.ts'

/** The version that `v7` or `7` names; throws `invalid_params` for anything else. */
export function versionArgument(text: string): number {
  const version = /^v?([1-9]\d{0,8})$/i.exec(text)?.[1]
  if (version !== undefined) return Number(version)
  throw new TasukiError('invalid_params', `"${text}" is not a release.`, {
    next: 'Give it as v7; `tasuki releases` lists them.',
  })
}
