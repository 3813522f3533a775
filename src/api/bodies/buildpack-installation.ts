import { type Static, Type } from '@fastify/type-provider-typebox'
import type { Buildpack } from '../../domain/buildpack.ts'

export const BuildpackInstallationBody = Type.Object({
  ordinal: Type.Integer(),
  buildpack: Type.Object({
    url: Type.String({ description: 'As it was given; short names as urn:buildpack:heroku/nodejs' }),
    name: Type.String({ description: 'The short name, else the URL' }),
  }),
})

export function buildpackInstallationBody(
  { url, name }: Buildpack,
  ordinal: number,
): Static<typeof BuildpackInstallationBody> {
  return { ordinal, buildpack: { url, name } }
}
