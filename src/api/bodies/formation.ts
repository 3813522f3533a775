import { type Static, Type } from '@fastify/type-provider-typebox'
import type { FormationView } from '../../services/formation.ts'
import type { App } from '../../store/apps.ts'
import { Id, stableId, Time, timeOf } from './common.ts'

export const FormationBody = Type.Object({
  id: Id,
  app: Type.Object({ id: Id, name: Type.String() }),
  type: Type.String(),
  quantity: Type.Integer(),
  size: Type.String(),
  command: Type.String(),
  created_at: Time,
  updated_at: Time,
})

export function formationBody(app: App, entry: FormationView): Static<typeof FormationBody> {
  return {
    id: stableId('formation', app.id, entry.type),
    app: { id: app.id, name: app.name },
    type: entry.type,
    quantity: entry.quantity,
    size: entry.size,
    command: entry.command ?? '',
    created_at: timeOf(app.createdAt),
    updated_at: timeOf(app.updatedAt),
  }
}
