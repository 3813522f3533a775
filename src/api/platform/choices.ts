import { type Static, type TSchema, Type } from '@fastify/type-provider-typebox'
import { TasukiError } from '../../domain/errors.ts'
import { SIZES } from '../../domain/size.ts'
import { REGION, STACK } from '../../services/offers.ts'
import { AppParams, Id, Named, named, stableId, Time } from '../bodies/common.ts'
import type { Api } from '../types.ts'

/** When these constants came to be: clients want a time. */
const SINCE = '2026-11-01T00:00:00.000Z'
const TIMES = { created_at: SINCE, updated_at: SINCE }
const Which = Type.Object({ which: Type.String({ description: 'Id or name' }) })

const Region = Type.Object({
  id: Id,
  name: Type.String(),
  description: Type.String(),
  country: Type.String(),
  locale: Type.String(),
  private_capable: Type.Boolean(),
  provider: Type.Object({ name: Type.String() }),
  created_at: Time,
  updated_at: Time,
})

const Stack = Type.Object({
  id: Id,
  name: Type.String(),
  default: Type.Boolean(),
  state: Type.String(),
  created_at: Time,
  updated_at: Time,
})

const Generation = Type.Object({
  id: Id,
  name: Type.String(),
  unsupported_features: Type.Array(Type.String()),
  expanded_supported_features: Type.Array(Type.String()),
  created_at: Time,
  updated_at: Time,
})

const DynoSize = Type.Object({
  id: Id,
  name: Type.String(),
  memory: Type.Number({ description: 'GiB before an instance is ended' }),
  compute: Type.Integer({ description: 'Share of the processor against other instances; 1 is usual' }),
  dedicated: Type.Boolean(),
  private_space_only: Type.Boolean(),
  can_autoscale: Type.Boolean(),
  architecture: Type.String(),
  cost: Type.Null(),
  precise_dyno_units: Type.Number(),
  infrastructure_tier: Type.String(),
  product_dyno_tier: Type.String(),
  generation: Named,
})

const REGIONS: readonly Static<typeof Region>[] = [
  {
    ...named('region', REGION),
    description: 'This server',
    country: 'Wherever it stands',
    locale: 'This server',
    private_capable: false,
    provider: { name: 'tasuki' },
    ...TIMES,
  },
]
const STACKS: readonly Static<typeof Stack>[] = [
  { ...named('stack', STACK), default: true, state: 'public', ...TIMES },
]
const GENERATIONS: readonly Static<typeof Generation>[] = [
  { ...named('generation', 'cedar'), unsupported_features: [], expanded_supported_features: [], ...TIMES },
]
const DYNO_SIZES: readonly Static<typeof DynoSize>[] = SIZES.map(({ name, memoryMiB, cpuShares }) => ({
  id: stableId('dyno-size', name),
  name,
  memory: memoryMiB / 1024,
  compute: Math.max(1, Math.round(cpuShares / 100)),
  dedicated: false,
  private_space_only: false,
  can_autoscale: false,
  architecture: process.arch === 'x64' ? 'x86_64' : process.arch,
  cost: null,
  precise_dyno_units: cpuShares / 100,
  infrastructure_tier: 'production',
  product_dyno_tier: name.replace(/-.*/, '').toLowerCase(),
  generation: named('generation', 'cedar'),
}))

/** What there is to choose from: one place, one stack, and some sizes. */
export function choiceRoutes(api: Api): void {
  listed(api, 'regions', 'region', Region, REGIONS)
  listed(api, 'stacks', 'stack', Stack, STACKS)
  listed(api, 'generations', 'generation', Generation, GENERATIONS)
  listed(api, 'dyno-sizes', 'dyno_size', DynoSize, DYNO_SIZES)
  perApp(api, 'available-stacks', Stack, STACKS)
  perApp(api, 'available-dyno-sizes', DynoSize, DYNO_SIZES)
}

function listed(
  api: Api,
  path: string,
  resource: string,
  body: TSchema,
  all: readonly { readonly id: string; readonly name: string }[],
): void {
  const config = { access: 'users' } as const
  api.get(`/${path}`, { config, schema: { response: { 200: Type.Array(body) } } }, async () => [...all])
  api.get(
    `/${path}/:which`,
    { config, schema: { params: Which, response: { 200: body } } },
    async ({ params: { which } }) => {
      const found = all.find(({ id, name }) => id === which || name.toLowerCase() === which.toLowerCase())
      if (found) return found
      throw new TasukiError(
        'not_found',
        `There is no ${resource.replace('_', ' ')} "${which.slice(0, 60)}".`,
        {
          next: `GET /${path} lists what there is.`,
          details: { resource },
        },
      )
    },
  )
}

function perApp(api: Api, path: string, body: TSchema, all: readonly unknown[]): void {
  api.get(
    `/apps/:app/${path}`,
    { schema: { params: AppParams, response: { 200: Type.Array(body) } } },
    async () => [...all],
  )
}
