import { TasukiError } from '../../domain/errors.ts'
import type { Login } from '../../domain/registry.ts'
import { engineError, followed, type ImageHost } from './engine.ts'
import { asked, ENGINE_LIMITS } from './engine-calls.ts'
import { authOf } from './transfer.ts'

/**
 * Has a host put an image, which it knows as `REPOSITORY:TAG`, into its registry, with a login for this one time. Answers with the
 * digest that it has there.
 */
export async function push(
  host: ImageHost,
  { repository, tag }: { readonly repository: string; readonly tag: string },
  login: Login | null,
  signal: AbortSignal,
): Promise<string> {
  const what = `putting ${repository}:${tag} into the registry`
  let digest: string | null = null
  try {
    // Without any login the engine would look for one of its own.
    const authconfig = login === null ? { username: '', password: '' } : authOf(login, repository)
    const image = host.docker.getImage(`${repository}:${tag}`)
    const stream = await asked(host, what, ENGINE_LIMITS.begin, (late) =>
      image.push({ tag, authconfig, abortSignal: AbortSignal.any([signal, late]) }),
    )
    await followed(host, what, stream, {
      signal,
      onMessage: ({ aux }) => {
        if (typeof aux === 'object' && aux?.Digest) digest = aux.Digest
      },
    })
  } catch (error) {
    throw asPushError(engineError(host, what, error), repository)
  }
  if (digest !== null) return digest
  throw new TasukiError(
    'registry_unavailable',
    `${host.name} does not say what became of ${repository}:${tag} in the registry.`,
  )
}

function asPushError(error: TasukiError, repository: string): TasukiError {
  if (error.code !== 'image_unavailable') return error
  const registry = repository.split('/')[0]!
  const refused = /denied|unauthorized|no basic auth|authentication required/i.test(error.message)
  return new TasukiError(
    refused ? 'registry_refused' : 'registry_unavailable',
    `${registry}: ${error.message}`,
    { cause: error },
  )
}
