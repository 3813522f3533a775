import { isAbsolute, join } from 'node:path'
import type Docker from 'dockerode'
import type { InstanceSpec } from '../../domain/instance.ts'
import type { Size } from '../../domain/size.ts'
import { attachedCommand, shellCommand } from './command.ts'
import type { ImageFacts } from './image-facts.ts'
import { type HostPorts, labelsOf } from './labels.ts'

export interface ContainerWish {
  readonly spec: InstanceSpec
  /** What to run: a name that only ever means this image. */
  readonly image: string
  readonly facts: ImageFacts
  /** Of the control plane. */
  readonly server: string
  /** Ports of the host; null for what does not listen. */
  readonly ports: HostPorts | null
  /** Address of the host that they are published on. */
  readonly publishOn: string
  /** With input and output at the caller's hands instead of the log. */
  readonly attached?: { readonly tty: boolean }
}

const MIB = 1024 * 1024
/** Docker's share of the processor for a container that nothing is said of. */
const USUAL_SHARES = 1024
const USUAL_SIZE_SHARES = 100
/** Whom a program runs as whose image would have it run as root. */
const UNPRIVILEGED = 10_001
/** Kept by Docker for each instance; what was read from it is in the log of the app. */
const KEPT_LOG = { Type: 'json-file', Config: { 'max-size': '16m', 'max-file': '2' } }
const SMALL_DISK = 'rw,nosuid,nodev,size=64m,mode=1777'

/** How Docker is to make an instance. */
export function containerOptions(wish: ContainerWish): Docker.ContainerCreateOptions {
  const { spec, image, facts, attached } = wish
  return {
    name: spec.id,
    Image: image,
    Labels: labelsOf(spec, wish.server, wish.ports),
    User: unprivileged(facts.user),
    Env: environment(wish),
    // The image's entrypoint gets it, as with `docker run`; without one, the image's own command.
    ...(spec.command === '' ? {} : { Cmd: (attached ? attachedCommand : shellCommand)(spec.command) }),
    StopSignal: facts.stopSignal,
    // Health is the router's to judge.
    Healthcheck: { Test: ['NONE'] },
    ExposedPorts: Object.fromEntries(Object.keys(bindings(wish)).map((port) => [port, {}])),
    AttachStdin: attached !== undefined,
    AttachStdout: attached !== undefined,
    AttachStderr: attached !== undefined,
    OpenStdin: attached !== undefined,
    StdinOnce: attached !== undefined,
    Tty: attached?.tty ?? false,
    HostConfig: hostConfig(wish),
  }
}

function hostConfig(wish: ContainerWish): Docker.HostConfig {
  const { spec, attached } = wish
  const readOnly = spec.readOnly === true
  return {
    ...limits(spec.size),
    PortBindings: bindings(wish),
    // `Comebacks` changes it once it has proved to run.
    RestartPolicy: { Name: 'no' },
    // Reaps orphans, and passes signals on to the whole process group.
    Init: true,
    SecurityOpt: ['no-new-privileges'],
    CapDrop: ['ALL'],
    Privileged: false,
    ReadonlyRootfs: readOnly,
    ...(readOnly ? { Tmpfs: { '/tmp': SMALL_DISK, '/run': SMALL_DISK } } : {}),
    LogConfig: attached ? { Type: 'none', Config: {} } : KEPT_LOG,
  }
}

function limits({ memoryMiB, cpuShares }: Size): Docker.HostConfig {
  return {
    Memory: memoryMiB * MIB,
    MemorySwap: memoryMiB * MIB,
    CpuShares: Math.max(2, Math.round((cpuShares * USUAL_SHARES) / USUAL_SIZE_SHARES)),
    PidsLimit: Math.max(512, memoryMiB * 2),
  }
}

/** Published nowhere but on the host's private address. */
function bindings({
  ports,
  facts,
  publishOn,
}: ContainerWish): Record<string, { HostIp: string; HostPort: string }[]> {
  if (ports === null) return {}
  const at = (port: number) => [{ HostIp: publishOn, HostPort: String(port) }]
  return {
    [`${facts.port}/tcp`]: at(ports.serve),
    [`${privatePort(facts)}/tcp`]: at(ports.private),
  }
}

/** Inside of the container. */
function privatePort({ port }: ImageFacts): number {
  return port === 65_535 ? port - 1 : port + 1
}

/** As in every runtime: config wins over the image, the platform over config. */
function environment(wish: ContainerWish): string[] {
  const { spec, facts, ports, attached } = wish
  const env: Record<string, string | undefined> = {
    ...(isRoot(facts.user) ? { HOME: '/tmp' } : {}),
    LANG: 'C.UTF-8',
    ...(attached?.tty ? { TERM: 'xterm-256color' } : {}),
    ...spec.env,
    PATH: spec.env.PATH === undefined ? undefined : searchPath(spec.env.PATH, facts),
    HOST: '0.0.0.0',
    TASUKI_APP: spec.appName,
    TASUKI_RELEASE: `v${spec.release}`,
    TASUKI_COMMIT: spec.commit ?? '',
    TASUKI_INSTANCE: spec.id,
    DYNO: spec.name,
    TINI_KILL_PROCESS_GROUP: '1',
    ...(ports === null ? {} : { PORT: String(facts.port), TASUKI_PRIVATE_PORT: String(privatePort(facts)) }),
  }
  return Object.entries(env).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]))
}

/** Relative entries are meant from where the image works; its own programs stay within reach. */
function searchPath(wanted: string, { workingDirectory, path }: ImageFacts): string {
  const given = wanted.split(':').filter((entry) => entry !== '')
  const absolute = given.map((entry) => (isAbsolute(entry) ? entry : join(workingDirectory, entry)))
  return [...new Set([...absolute, ...path.split(':')])].join(':')
}

function unprivileged(user: string): string {
  return isRoot(user) ? `${UNPRIVILEGED}:${UNPRIVILEGED}` : user
}

function isRoot(user: string): boolean {
  const [name] = user.split(':')
  return name === '' || name === 'root' || /^0+$/.test(name ?? '')
}
