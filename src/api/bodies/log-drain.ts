import { type Static, Type } from '@fastify/type-provider-typebox'
import type { DrainView } from '../../services/drains.ts'
import type { App } from '../../store/apps.ts'
import { Id, nullable, Time, timeOf } from './common.ts'

export const LogDrainBody = Type.Object({
  id: Id,
  app: Type.Object({ id: Id, name: Type.String() }),
  addon: Type.Null(),
  token: Type.String({ description: 'Names the drain towards its receiver' }),
  url: Type.String({ description: 'With its credentials, for who may see the config of the app' }),
  created_at: Time,
  updated_at: Time,
  tasuki: Type.Object({
    sent: Type.Integer({ description: 'Lines, since the server started' }),
    dropped: Type.Integer({ description: 'Lines that were gone before they could be sent, since then' }),
    failing: nullable(Type.String({ description: 'Why nothing gets through at present' })),
  }),
})

export function logDrainBody(app: App, drain: DrainView): Static<typeof LogDrainBody> {
  const { id, token, url, createdAt, state } = drain
  return {
    id,
    app: { id: app.id, name: app.name },
    addon: null,
    token,
    url,
    created_at: timeOf(createdAt),
    updated_at: timeOf(createdAt),
    tasuki: { ...state },
  }
}
