import { TasukiError } from '../../domain/errors.ts'

/** What these texts become a part of is YAML and shell: only what means nothing in either is let through. */

/** A branch that can be named in a workflow. Throws `invalid_params`. */
export function checkedBranch(name: string): string {
  if (/^[A-Za-z0-9][\w./-]{0,200}$/.test(name)) return name
  throw new TasukiError('invalid_params', `"${name.slice(0, 60)}" is not a branch that can be named here.`, {
    next: 'Use letters, digits, dots, dashes, underscores and slashes.',
  })
}

/** An image without tag and digest, in the form `HOST/PATH`. Throws `invalid_params`. */
export function checkedImage(name: string): string {
  const host = '[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?'
  const part = '[a-z0-9]+(?:[._-]+[a-z0-9]+)*'
  if (new RegExp(`^${host}(?:/${part})+$`).test(name) && isRegistry(name.split('/')[0] ?? '')) return name
  throw new TasukiError('invalid_params', `"${name.slice(0, 100)}" is not a place for images.`, {
    next: 'Give it with its registry and without a tag: registry.example.com/acme/shop.',
  })
}

function isRegistry(host: string): boolean {
  return host.includes('.') || host.includes(':') || host === 'localhost'
}

/** A path inside the repository. Throws `invalid_params`. */
export function checkedPath(path: string): string {
  if (/^[A-Za-z0-9_][\w./-]*$/.test(path) && !path.split('/').includes('..')) return path
  throw new TasukiError('invalid_params', `"${path.slice(0, 100)}" is not a path inside the repository.`, {
    next: 'Give it relative to the root of the repository: docker/Dockerfile.',
  })
}
