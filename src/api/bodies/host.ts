import { type Static, Type } from '@fastify/type-provider-typebox'
import type { Placement } from '../../domain/placement.ts'
import type { HostView } from '../../services/hosts.ts'
import { Id, Named, nullable, Time, timeOf } from './common.ts'

const HostInstance = Type.Object({
  instance: Type.String({ description: 'Id of the instance' }),
  app: Named,
  name: Type.String(),
  type: Type.String(),
  release: Type.Integer(),
  state: Type.Enum(['running', 'exited']),
})

export const HostBody = Type.Object({
  id: Id,
  name: Type.String(),
  url: Type.String({ description: 'ssh://USER@ADDRESS:PORT, or unix://PATH' }),
  labels: Type.Array(Type.String()),
  private_address: Type.String({ description: 'Where its instances are published' }),
  host_key: nullable(Type.String({ description: 'Fingerprint of its pinned SSH key' })),
  state: Type.Enum(['active', 'draining']),
  reachable: Type.Boolean(),
  failure: nullable(Type.String({ description: 'Why it does not answer' })),
  instances: Type.Array(HostInstance, { description: 'As last seen' }),
  ssh_calls: nullable(Type.Integer({ description: 'What has gone over its SSH connection since the start' })),
  created_at: Time,
})

export const PlacementBody = Type.Object({
  runtime: Type.Enum(['process', 'docker'], {
    description: 'process: on the machine of the server; docker: on Docker hosts',
  }),
  label: nullable(Type.String({ description: 'Of the hosts; null: any' })),
})

export function hostBody(view: HostView): Static<typeof HostBody> {
  const { id, name, url, labels, privateAddress, hostKey, state, condition, createdAt, apps } = view
  const { reachable, failure, instances, sshCalls } = condition
  return {
    id,
    name,
    url,
    labels: [...labels],
    private_address: privateAddress,
    host_key: hostKey,
    state,
    reachable,
    failure,
    instances: instances.map((one) => ({
      instance: one.id,
      app: { id: one.appId, name: apps.get(one.appId) ?? one.appId },
      name: one.name,
      type: one.type,
      release: one.release,
      state: one.state,
    })),
    ssh_calls: sshCalls,
    created_at: timeOf(createdAt),
  }
}

export function placementBody(placement: Placement): Static<typeof PlacementBody> {
  return { runtime: placement.runtime, label: placement.runtime === 'docker' ? placement.label : null }
}
