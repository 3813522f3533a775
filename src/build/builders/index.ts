import type { BuildRequest } from '../../domain/build.ts'
import type { OwnBuilder } from '../../domain/buildpack.ts'
import { TasukiError } from '../../domain/errors.ts'
import type { AppBuilder, Source } from './builder.ts'
import { nodeBuilder } from './node.ts'
import { procfileBuilder } from './procfile.ts'
import { staticBuilder } from './static.ts'

/** In the order in which they are asked. */
export const OWN_BUILDERS: Readonly<Record<OwnBuilder, AppBuilder>> = {
  node: nodeBuilder,
  procfile: procfileBuilder,
  static: staticBuilder,
}

/** The builder for a source; throws `build_failed` when none knows it. What is only tested can be anything. */
export function builderFor(
  source: Source,
  { environment }: Pick<BuildRequest, 'environment'> = {},
): AppBuilder {
  const builder = Object.values(OWN_BUILDERS).find((candidate) => candidate.detect(source))
  if (builder) return builder
  if (environment === 'test') return procfileBuilder
  throw new TasukiError('build_failed', 'The source is of no kind that can be built.', {
    next: 'Add a package.json, a Procfile, or an index.html to its root (is it the right folder?), or set a buildpack.',
  })
}
