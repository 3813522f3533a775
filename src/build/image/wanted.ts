import { DEFAULT_DOCKERFILE } from '../../domain/app-json/build.ts'
import type { BuildRequest } from '../../domain/build.ts'
import { OWN_BUILDERS } from '../builders/index.ts'
import type { Look } from '../source/look.ts'
import { type ImageBuilder, nowhere } from './image-builder.ts'

/**
 * What makes an image of the source; null: it becomes a slug. An image is made when app.json says how, or when there is a
 * Dockerfile, unless buildpacks were chosen, or it is for tests. Without Docker, a source that can be built otherwise is.
 * Throws `build_failed` when there is nothing that could build it.
 */
export function imagesFor(
  { source, appJson }: Look,
  { buildpacks, environment, log }: BuildRequest,
  images: ImageBuilder | null,
): ImageBuilder | null {
  if (environment === 'test') return null
  const { manifest, build } = appJson([])
  if ((buildpacks ?? manifest.buildpacks ?? []).length > 0) return null
  if (build === null && !source.names.has(DEFAULT_DOCKERFILE)) return null
  if (images?.ready) return images
  const otherwise = Object.values(OWN_BUILDERS).some((builder) => builder.detect(source))
  if (build !== null || !otherwise) throw nowhere()
  log(' !     No Docker host to build the Dockerfile on: building without it')
  return null
}
