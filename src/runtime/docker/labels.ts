import type { InstanceId, InstanceKind, InstanceSpec } from '../../domain/instance.ts'

/** What a container says of itself, so that the next control plane knows it again. */
export const LABELS = {
  server: 'tasuki.server',
  app: 'tasuki.app',
  appName: 'tasuki.app-name',
  type: 'tasuki.type',
  name: 'tasuki.name',
  release: 'tasuki.release',
  instance: 'tasuki.instance',
  generation: 'tasuki.generation',
  kind: 'tasuki.kind',
  size: 'tasuki.size',
  port: 'tasuki.port',
  privatePort: 'tasuki.private-port',
} as const

/** Ports of the host. */
export interface HostPorts {
  readonly serve: number
  readonly private: number
}

export interface Identity {
  readonly id: InstanceId
  readonly kind: InstanceKind
  readonly appId: string
  readonly type: string
  readonly name: string
  readonly release: number
  readonly generation: number
  readonly size: string
  /** Null for what does not listen. */
  readonly ports: HostPorts | null
}

/** `server` tells the containers of one control plane from those of another. */
export function labelsOf(
  spec: InstanceSpec,
  server: string,
  ports: HostPorts | null,
): Record<string, string> {
  return {
    [LABELS.server]: server,
    [LABELS.app]: spec.appId,
    [LABELS.appName]: spec.appName,
    [LABELS.type]: spec.type,
    [LABELS.name]: spec.name,
    [LABELS.release]: String(spec.release),
    [LABELS.instance]: spec.id,
    [LABELS.generation]: String(spec.generation),
    [LABELS.kind]: spec.kind,
    [LABELS.size]: spec.size.name,
    ...(ports === null
      ? {}
      : { [LABELS.port]: String(ports.serve), [LABELS.privatePort]: String(ports.private) }),
  }
}

export function identityOf(labels: Readonly<Record<string, string>>): Identity {
  const text = (key: keyof typeof LABELS) => labels[LABELS[key]] ?? ''
  const serve = labels[LABELS.port]
  return {
    id: text('instance'),
    kind: text('kind') as InstanceKind,
    appId: text('app'),
    type: text('type'),
    name: text('name'),
    release: Number(text('release')),
    generation: Number(text('generation')),
    size: text('size'),
    ports: serve === undefined ? null : { serve: Number(serve), private: Number(text('privatePort')) },
  }
}
