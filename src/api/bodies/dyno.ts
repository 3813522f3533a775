import { type Static, Type } from '@fastify/type-provider-typebox'
import type { InstanceView } from '../../services/instances.ts'
import type { App } from '../../store/apps.ts'
import { Id, nullable, stableId, Time, timeOf } from './common.ts'

export const DynoBody = Type.Object({
  id: Id,
  app: Type.Object({ id: Id, name: Type.String() }),
  attach_url: nullable(Type.String({ description: 'Where to attach to a one-off that waits for it, once' })),
  name: Type.String(),
  type: Type.String(),
  size: Type.String(),
  state: Type.Enum(['starting', 'up', 'down', 'crashed', 'idle']),
  command: Type.String(),
  release: Type.Object({ id: nullable(Id), version: Type.Integer() }),
  created_at: Time,
  updated_at: Time,
  tasuki: Type.Object({
    instance: Type.String({ description: 'Id of the instance, as in journal and receipt: unique for ever' }),
    admin: nullable(Type.String({ description: 'ready, drain or maint: what the router lets it do' })),
    rotation: nullable(
      Type.Enum(['waiting', 'ready', 'draining', 'parked'], {
        description: 'Where it stands with its visitors: not let in yet, let in, or on its way out',
      }),
    ),
    health: nullable(Type.String({ description: 'up, checking or down: by the checks of the router' })),
    in_flight: Type.Integer(),
    streams: Type.Integer(),
    check: Type.String({ description: 'The last check in words' }),
    generation: Type.Integer(),
    exit_code: nullable(Type.Integer()),
    host: nullable(Type.String({ description: 'Name of its host; null: the machine of the server' })),
    unreachable: Type.Boolean({ description: 'Its host does not answer: the rest is as last known' }),
  }),
})

/** The UUID by which the Platform API knows an instance. */
export function dynoId(instance: string): string {
  return stableId('dyno', instance)
}

export function dynoBody(
  app: App,
  view: InstanceView,
  attachUrl: string | null = null,
): Static<typeof DynoBody> {
  const { instance, server } = view
  return {
    id: dynoId(instance.id),
    app: { id: app.id, name: app.name },
    attach_url: attachUrl,
    name: instance.name,
    type: instance.type,
    size: instance.size,
    state: view.state,
    command: view.command,
    release: { id: view.releaseId, version: instance.release },
    created_at: timeOf(instance.startedAt),
    updated_at: timeOf(instance.exit?.at ?? instance.startedAt),
    tasuki: {
      instance: instance.id,
      admin: server?.admin ?? null,
      rotation: view.rotation,
      health: server?.health ?? null,
      in_flight: server?.inFlight ?? 0,
      streams: server?.streams ?? 0,
      check: server?.check ?? '',
      generation: instance.generation,
      exit_code: instance.exit?.code ?? null,
      host: instance.host,
      unreachable: instance.unreachable,
    },
  }
}
