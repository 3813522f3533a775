import { type Static, Type } from '@fastify/type-provider-typebox'
import type { Feature } from '../../services/features.ts'
import type { App } from '../../store/apps.ts'
import { Id, stableId, Time, timeOf } from './common.ts'

export const FeatureBody = Type.Object({
  id: Id,
  name: Type.String(),
  display_name: Type.String(),
  description: Type.String(),
  enabled: Type.Boolean(),
  state: Type.Literal('general'),
  doc_url: Type.String(),
  feedback_email: Type.String(),
  created_at: Time,
  updated_at: Time,
})

export function featureId(app: App, name: string): string {
  return stableId('feature', app.id, name)
}

export function featureBody(app: App, feature: Feature): Static<typeof FeatureBody> {
  return {
    id: featureId(app, feature.name),
    name: feature.name,
    display_name: feature.name,
    description: feature.description,
    enabled: feature.enabled,
    state: 'general',
    doc_url: '',
    feedback_email: '',
    created_at: timeOf(feature.createdAt),
    updated_at: timeOf(feature.updatedAt),
  }
}
