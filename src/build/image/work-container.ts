import type Docker from 'dockerode'
import type { ImageHost } from './engine.ts'
import { asked, ENGINE_LIMITS } from './engine-calls.ts'

const CONFLICT = 409

/**
 * Makes a container that is never started, for what its file system is good for, and removes it in the end. One of that name that a
 * control plane left behind which died is removed first. Rejects with the engine's refusal, and as `asked`.
 */
export async function withContainer<T>(
  host: ImageHost,
  options: Docker.ContainerCreateOptions & { readonly name: string },
  what: string,
  work: (container: Docker.Container) => Promise<T>,
): Promise<T> {
  const container = await createdAnew(host, options, what)
  try {
    return await work(container)
  } finally {
    await removed(host, container, what)
  }
}

async function createdAnew(
  host: ImageHost,
  options: Docker.ContainerCreateOptions & { readonly name: string },
  what: string,
): Promise<Docker.Container> {
  const create = () =>
    asked(host, what, ENGINE_LIMITS.change, (abortSignal) =>
      host.docker.createContainer({ ...options, abortSignal }),
    )
  try {
    return await create()
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode !== CONFLICT) throw error
    await removed(host, host.docker.getContainer(options.name), what)
    return create()
  }
}

function removed(host: ImageHost, container: Docker.Container, what: string): Promise<unknown> {
  return asked(host, what, ENGINE_LIMITS.change, (abortSignal) =>
    container.remove({ force: true, abortSignal }),
  )
}
