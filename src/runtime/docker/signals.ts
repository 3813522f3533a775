import { ask, LIMITS, refused, statusOf } from './calls.ts'
import type { DockerHost } from './host.ts'
import type { Seen } from './seen.ts'

/** To all processes of an instance. One that has ended meanwhile: nothing happens. Throws TasukiError `host_unreachable`. */
export async function send(host: DockerHost, { container, name }: Seen, signal: string): Promise<void> {
  try {
    await ask(host, LIMITS.change, (abortSignal) =>
      host.docker.getContainer(container).kill({ signal, abortSignal }),
    )
  } catch (error) {
    if (statusOf(error) !== 404 && statusOf(error) !== 409)
      throw refused(host, `send ${signal} to ${name}`, error)
  }
}
