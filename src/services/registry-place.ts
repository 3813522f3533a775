import { TasukiError } from '../domain/errors.ts'
import type { RegistryAccess } from '../domain/registry.ts'

const PREFIX = /^([a-z0-9]+([._-][a-z0-9]+)*\/)*$/
const HTTPS_PORT = 443

/** Where a registry is, of `[https://]HOST[:PORT][/PREFIX]`. Throws `invalid_params`. */
export function registryPlace(text: string): Pick<RegistryAccess, 'host' | 'prefix' | 'tls'> {
  const whole = text.includes('://') ? text : `https://${text}`
  const url = URL.canParse(whole) ? new URL(whole) : null
  if (url?.username || url?.password)
    throw new TasukiError('invalid_params', 'A registry is told its passwords apart from its URL.', {
      next: 'Use --push-user and --pull-user, and give the passwords on standard input or in the environment.',
    })
  const prefix = url ? `${url.pathname.slice(1).replace(/\/$/, '')}/`.replace(/^\/$/, '') : ''
  const plain =
    url !== null && ['http:', 'https:'].includes(url.protocol) && url.search === '' && url.hash === ''
  if (url && plain && PREFIX.test(prefix)) return { host: url.host, prefix, tls: url.protocol === 'https:' }
  throw new TasukiError('invalid_params', `"${text.slice(0, 120)}" is not the address of a registry.`, {
    next: 'Write it as https://registry.example.org or https://registry.example.org:5000/team.',
  })
}

/** Of `HOST:PORT`. Throws `invalid_params`. */
export function registryAddress(text: string): { readonly host: string; readonly port: number } {
  const url = URL.canParse(`https://${text}`) ? new URL(`https://${text}`) : null
  const bare = url !== null && url.pathname === '/' && url.username === '' && url.search === ''
  const port = url?.port === '' ? HTTPS_PORT : Number(url?.port)
  if (url && bare && url.hostname !== '' && port > 0)
    return { host: url.hostname.replace(/^\[|\]$/g, ''), port }
  throw new TasukiError('invalid_params', `"${text.slice(0, 80)}" is not an address to keep a registry at.`, {
    next: "Write HOST:PORT, with the server's address as the hosts reach it: 10.0.0.5:5000.",
  })
}
