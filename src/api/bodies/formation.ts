import { type Static, Type } from '@fastify/type-provider-typebox'
import type { FormationView } from '../../services/formation.ts'
import type { App } from '../../store/apps.ts'
import { Id, Named, named, stableId, Time, timeOf } from './common.ts'

export const FormationBody = Type.Object({
  id: Id,
  app: Type.Object({ id: Id, name: Type.String() }),
  type: Type.String(),
  quantity: Type.Integer(),
  size: Type.String(),
  dyno_size: Named,
  command: Type.String(),
  created_at: Time,
  updated_at: Time,
})

/** A process type of an app has no id of its own. */
export function formationId(app: App, type: string): string {
  return stableId('formation', app.id, type)
}

export function formationBody(app: App, entry: FormationView): Static<typeof FormationBody> {
  return {
    id: formationId(app, entry.type),
    app: { id: app.id, name: app.name },
    type: entry.type,
    quantity: entry.quantity,
    size: entry.size,
    dyno_size: named('dyno-size', entry.size),
    command: entry.command ?? '',
    created_at: timeOf(app.createdAt),
    updated_at: timeOf(app.updatedAt),
  }
}
