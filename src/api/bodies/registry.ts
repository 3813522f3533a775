import { type Static, Type } from '@fastify/type-provider-typebox'
import type { RegistryView } from '../../services/registry.ts'
import type { BaseImage } from '../../store/base-image.ts'
import { nullable, Time, timeOf } from './common.ts'

const LoginBody = Type.Object({ user: Type.String(), password: Type.String() })

export const RegistryBody = Type.Object({
  host: Type.String({ description: 'As the names of images begin' }),
  prefix: Type.String({ description: 'Before the name of an app: team/' }),
  tls: Type.Boolean(),
  own: Type.Boolean({ description: 'The server keeps it itself' }),
  push_user: nullable(Type.String()),
  pull_user: nullable(Type.String()),
  authority: nullable(Type.String({ description: 'PEM certificates that its clients are to trust' })),
  failing: nullable(Type.String({ description: 'Why it can not be used now' })),
  set_at: Time,
})

export const StartedRegistryBody = Type.Object({
  ...RegistryBody.properties,
  logins: nullable(
    Type.Object({ push: LoginBody, pull: LoginBody }, { description: 'Where they are new; shown this once' }),
  ),
})

export const BaseImageBody = Type.Object({
  name: Type.String({ description: 'As somebody named it' }),
  ref: Type.String({ description: 'What it was then, by its digest' }),
  id: Type.String({ description: 'Digest of its configuration' }),
  set_at: Time,
})

export function registryBody({ registry, failing }: RegistryView): Static<typeof RegistryBody> {
  const { host, prefix, tls, ownAddress, pushUser, pullUser, authority, setAt } = registry
  return {
    ...{ host, prefix, tls, own: ownAddress !== null, push_user: pushUser, pull_user: pullUser },
    ...{ authority, failing, set_at: timeOf(setAt) },
  }
}

export function baseImageBody({ name, ref, id, setAt }: BaseImage): Static<typeof BaseImageBody> {
  return { name, ref, id, set_at: timeOf(setAt) }
}
