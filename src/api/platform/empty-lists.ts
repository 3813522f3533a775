import { Type } from '@fastify/type-provider-typebox'
import { TasukiError } from '../../domain/errors.ts'
import { AppParams } from '../bodies/common.ts'
import type { Api } from '../types.ts'

const NOTHING = { 200: Type.Array(Type.Object({}), { maxItems: 0 }) }

/** Nothing is owed here. */
const Delinquency = Type.Object({
  scheduled_suspension_time: Type.Null(),
  scheduled_deletion_time: Type.Null(),
})

/** What Heroku has and Tasuki has not: whoever asks for a list of it gets an honest empty one. */
const LISTS = [
  '/account/keys',
  '/addon-attachments',
  '/addon-services',
  '/addons',
  '/enterprise-accounts',
  '/spaces',
  '/teams',
  '/users/:user/addons',
]
const LISTS_OF_APPS = ['/apps/:app/addons', '/apps/:app/addon-attachments', '/apps/:app/telemetry-drains']

/** Who asks for one of them by name is told that there is none, with the `resource` that clients look for. */
const ONES: Readonly<Record<string, string>> = {
  '/account/keys/:which': 'key',
  '/addon-attachments/:which': 'addon_attachment',
  '/addon-services/:which': 'addon_service',
  '/addons/:which': 'add_on',
  '/apps/:app/addons/:which': 'add_on',
  '/spaces/:which': 'space',
  '/teams/:which': 'team',
  '/account/features/:which': 'feature',
}

const ADD_ONS = 'Run the service where you like, and give its address to the app with `config:set`.'
const REFUSED: Readonly<Record<string, readonly [what: string, next: string]>> = {
  '/apps/:app/addons': ['Add-ons are not offered here.', ADD_ONS],
  '/addon-attachments': ['Add-ons are not offered here.', ADD_ONS],
  '/spaces': ['Spaces are not offered here.', 'Start another server for what is to be apart.'],
  '/teams': ['Teams are not offered here.', 'Give people access app by app with `access:add`.'],
  '/teams/apps': ['Teams are not offered here.', 'Leave the team out.'],
  '/telemetry-drains': ['Telemetry drains are not offered here.', 'Use a log drain.'],
}

export function emptyListRoutes(api: Api): void {
  const config = { access: 'users' } as const
  api.get('/account/delinquency', { config, schema: { response: { 200: Delinquency } } }, async () => ({
    scheduled_suspension_time: null,
    scheduled_deletion_time: null,
  }))
  api.patch('/account/features/:which', { config }, async () => {
    throw none('feature')
  })
  for (const path of LISTS) api.get(path, { config, schema: { response: NOTHING } }, async () => [])
  for (const path of LISTS_OF_APPS)
    api.get(path, { schema: { params: AppParams, response: NOTHING } }, async () => [])
  api.get('/account/features', { config, schema: { response: NOTHING } }, async () => [])
  for (const [path, resource] of Object.entries(ONES))
    api.get(path, { config }, async () => {
      throw none(resource)
    })
  for (const path of ['/actions/addons/resolve', '/actions/addon-attachments/resolve'])
    api.post(path, { config }, async () => {
      throw none('add_on')
    })
  for (const [path, [what, next]] of Object.entries(REFUSED))
    api.post(path, { config }, async () => {
      throw new TasukiError('not_offered', what, { next })
    })
}

function none(resource: string): TasukiError {
  const name = resource.replace('_', ' ')
  return new TasukiError('not_found', `There is no such ${name}.`, {
    next: 'GET /schema lists what there is.',
    details: { resource },
  })
}
