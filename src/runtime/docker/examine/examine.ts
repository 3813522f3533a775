import { asTasukiError, TasukiError } from '../../../domain/errors.ts'
import { type Host, hostAddress } from '../../../domain/host.ts'
import type { HostFacts } from '../../../domain/host-facts.ts'
import type { Address } from '../../../domain/instance.ts'
import type { HostExaminer } from '../../../services/ports.ts'
import type { KeyPair } from '../../../ssh/key-pair.ts'
import { offeredLogins } from '../../../ssh/logins.ts'
import { shownKey } from '../../../ssh/shown-key.ts'
import { type DockerHost, openDockerHost } from '../host.ts'
import { lookAtContainers, lookAtEngine } from './engine.ts'
import { lookAtMachine } from './machine.ts'
import { reachOf } from './reach.ts'
import { shellOf } from './shell.ts'

const NOTHING: Omit<HostFacts, 'refused' | 'logins'> = {
  machine: null,
  docker: null,
  reach: null,
  containers: [],
}

/** Looks at hosts from outside and from inside, each time over a connection of its own, and changes nothing on them. */
export function hostExaminer(keys: Pick<KeyPair, 'privateKey'>, server: string): HostExaminer {
  return {
    async examine(host, instances) {
      const docker = openDockerHost(host, keys)
      try {
        return await examined(host, docker, server, instances)
      } finally {
        docker.close()
      }
    },
    async shownKey(host) {
      const to = hostAddress(host.url)
      if (to.kind === 'ssh') return shownKey({ ...to, name: host.name })
      throw new TasukiError('invalid_params', `${host.name} is this machine: it has no SSH key to trust.`, {
        next: 'There is nothing to do.',
      })
    },
  }
}

/** Never throws: what went wrong is among what was learned. */
async function examined(
  host: Host,
  docker: DockerHost,
  server: string,
  instances: readonly Address[],
): Promise<HostFacts> {
  const to = hostAddress(host.url)
  const asking = to.kind === 'ssh' ? offeredLogins(to) : null
  try {
    await docker.ssh?.ready()
    const shell = shellOf(docker.ssh)
    const engine = await lookAtEngine(docker)
    const works = !('trouble' in engine)
    const [machine, reach, containers] = await Promise.all([
      lookAtMachine(shell, works ? engine.root : null),
      reachOf(shell, host.privateAddress, instances),
      works ? lookAtContainers(docker, server) : [],
    ])
    return { refused: null, logins: await asking, machine, docker: engine, reach, containers }
  } catch (thrown) {
    const { code, message, next } = asTasukiError(thrown)
    return { ...NOTHING, refused: { code, text: message, next }, logins: await asking }
  }
}
