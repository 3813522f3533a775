import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BuildRequest } from '../domain/build.ts'
import { type Buildpack, type OwnBuilder, parseBuildpacks } from '../domain/buildpack.ts'
import { TasukiError } from '../domain/errors.ts'
import type { AppBuilder } from './builders/builder.ts'
import { buildpacksBuilder, type Pack } from './builders/buildpacks.ts'
import { builderFor, OWN_BUILDERS } from './builders/index.ts'
import type { Shelf, Shopper } from './buildpacks/shelf.ts'
import type { Look } from './source/look.ts'
import { giveTo, type Workplace } from './workshop.ts'

/**
 * What builds the source: its buildpacks if it has any (fetched into the workplace, with the app's config beside them), else the
 * builder of ours that knows it. Throws `build_failed` when there is none or one can not be had.
 */
export async function chooseBuilder(
  { source, appJson }: Look,
  request: BuildRequest,
  work: Workplace,
  shelf: Shelf,
): Promise<AppBuilder> {
  const buildpacks = parseBuildpacks(request.buildpacks ?? appJson([]).manifest.buildpacks ?? [])
  const [first] = buildpacks
  if (first === undefined) return builderFor(source, request)
  if (buildpacks.length === 1 && first.place.kind === 'own')
    return own(first.name, first.place.builder, source)
  await putConfig(request.env, work)
  const found = await packs(buildpacks, shelf, { work, log: request.log, signal: request.signal })
  return buildpacksBuilder(found, request.environment === 'test')
}

function own(name: string, which: OwnBuilder, source: Look['source']): AppBuilder {
  const builder = OWN_BUILDERS[which]
  if (builder.detect(source)) return builder
  throw new TasukiError(
    'build_failed',
    `The app is not made for the buildpack ${name}: its source does not look so.`,
    {
      next: 'Is it the right folder? Else remove the buildpack with `tasuki buildpacks:remove`, and deploy again.',
    },
  )
}

async function packs(buildpacks: readonly Buildpack[], shelf: Shelf, shopper: Shopper): Promise<Pack[]> {
  const folder = join(shopper.work.place, 'packs')
  await mkdir(folder)
  const found: Pack[] = []
  for (const [index, buildpack] of buildpacks.entries()) {
    const { name, place } = buildpack
    const dir = join(folder, String(index))
    if (place.kind === 'own') found.push({ name, own: OWN_BUILDERS[place.builder] })
    else found.push({ name, own: null, dir, ...(await shelf.place(buildpack, dir, shopper)) })
  }
  return found
}

/** A file for each config var, as buildpacks read them. */
async function putConfig(config: Readonly<Record<string, string>>, work: Workplace): Promise<void> {
  const folder = join(work.place, 'config')
  await mkdir(folder, { mode: 0o700 })
  for (const [key, value] of Object.entries(config))
    await writeFile(join(folder, key), value, { mode: 0o600 })
  await giveTo(work.user, folder)
}
