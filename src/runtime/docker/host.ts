import Docker from 'dockerode'
import { TasukiError } from '../../domain/errors.ts'
import { SshConnection } from '../../ssh/connection.ts'
import type { KeyPair } from '../../ssh/key-pair.ts'

/** A machine with Docker, as it is written down. */
export interface DockerHostRow {
  readonly id: string
  readonly name: string
  /** `ssh://user@address:port` or `unix:///var/run/docker.sock`. */
  readonly url: string
  /** Where instances are published, and the router reaches them. */
  readonly privateAddress: string
  /** Fingerprint of the key that the host has to show; null: any. */
  readonly hostKey: string | null
}

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
  /** Ends the connection; what runs there runs on. */
  close(): void
}

const SOCKET = '/var/run/docker.sock'
const SSH_PORT = 22
/** What every engine since 20.10 speaks. */
const API_VERSION = 'v1.41'

/** Begins to connect; `ssh.ready` says how that went. Throws TasukiError `invalid_params` for a URL that is none of ours. */
export function openDockerHost(row: DockerHostRow, keys: Pick<KeyPair, 'privateKey'>): DockerHost {
  const { id, name, privateAddress } = row
  const url = parsed(row.url)
  if (url.protocol === 'unix:') {
    const docker = new Docker({ socketPath: decodeURIComponent(url.pathname), version: API_VERSION })
    return { id, name, docker, ssh: null, privateAddress, reachable: () => true, close: nothing }
  }
  const ssh = SshConnection.open({
    name,
    address: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? SSH_PORT : Number(url.port),
    user: decodeURIComponent(url.username),
    privateKey: keys.privateKey,
    hostKey: row.hostKey,
  })
  const docker = new Docker({
    protocol: 'http',
    host: name,
    version: API_VERSION,
    agent: ssh.agent(SOCKET),
  } as Docker.DockerOptions)
  return {
    id,
    name,
    docker,
    ssh,
    privateAddress,
    reachable: () => ssh.state !== 'down',
    close: () => ssh.close(),
  }
}

function parsed(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url?.protocol === 'unix:' && url.pathname !== '') return url
  if (url?.protocol === 'ssh:' && url.hostname !== '' && url.username !== '') return url
  throw new TasukiError('invalid_params', `"${text}" is no address of a Docker host.`, {
    next: 'Use ssh://USER@ADDRESS, or unix:///var/run/docker.sock for this machine.',
  })
}

function nothing(): void {
  // A local socket holds no connection.
}
