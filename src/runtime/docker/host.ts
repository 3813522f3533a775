import { connect } from 'node:net'
import Docker from 'dockerode'
import { type Host, hostAddress } from '../../domain/host.ts'
import { SshConnection } from '../../ssh/connection.ts'
import type { KeyPair } from '../../ssh/key-pair.ts'

/** Docker of one host: the local one by its socket, others over one SSH connection each. */
export interface DockerHost {
  readonly id: string
  readonly name: string
  readonly docker: Docker
  /** Null for the local socket. */
  readonly ssh: SshConnection | null
  readonly privateAddress: string
  /** False while it is known that it can not be reached. */
  reachable(): boolean
  /** Calls back when it may be reachable again, or may not be any more. Returns the way to stop. */
  onChange(listen: () => void): () => void
  /** Whether its Docker takes new connections. */
  listens(): Promise<boolean>
  /** Ends the connection; what runs there runs on. */
  close(): void
}

const SOCKET = '/var/run/docker.sock'
/** What every engine since 20.10 speaks. */
const API_VERSION = 'v1.41'

/** Begins to connect; `ssh.ready` says how that went. Throws TasukiError `invalid_params` for a URL that is none of ours. */
export function openDockerHost(
  row: Pick<Host, 'id' | 'name' | 'url' | 'privateAddress' | 'hostKey'>,
  keys: Pick<KeyPair, 'privateKey'>,
): DockerHost {
  const { id, name, privateAddress } = row
  const to = hostAddress(row.url)
  if (to.kind === 'socket') {
    const docker = new Docker({ socketPath: to.path, version: API_VERSION })
    return {
      id,
      name,
      docker,
      ssh: null,
      privateAddress,
      reachable: () => true,
      onChange: () => nothing,
      listens: () => listensHere(to.path),
      close: nothing,
    }
  }
  const { address, port, user } = to
  const ssh = SshConnection.open({
    name,
    address,
    port,
    user,
    privateKey: keys.privateKey,
    hostKey: row.hostKey,
  })
  // The agent knows the way; the name only stands in the request's Host header.
  const options = {
    protocol: 'http' as const,
    host: 'docker',
    version: API_VERSION,
    agent: ssh.agent(SOCKET),
  }
  const docker = new Docker(options)
  return {
    id,
    name,
    docker,
    ssh,
    privateAddress,
    reachable: () => ssh.state !== 'down',
    onChange: (listen) => ssh.onState(listen),
    listens: () => ssh.listens(SOCKET),
    close: () => ssh.close(),
  }
}

function listensHere(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

function nothing(): void {
  // A local socket holds no connection.
}
