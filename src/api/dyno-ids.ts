import { TasukiError } from '../domain/errors.ts'
import type { Services } from '../services/index.ts'
import { dynoId } from './bodies/dyno.ts'
import type { Api } from './types.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Lets every route with `:dyno` take the UUID of `bodies/dyno.ts` too; the services know an instance by its own id. */
export function acceptDynoIds(api: Api, services: Pick<Services, 'apps' | 'instances'>): void {
  api.addHook('preHandler', async (request) => {
    const params = request.params as { app?: string; dyno?: string } | null
    if (!params?.app || !params.dyno || !UUID.test(params.dyno)) return
    const app = await services.apps.find(params.app)
    const found = (await services.instances.list(app)).find(
      ({ instance }) => dynoId(instance.id) === params.dyno,
    )
    if (!found)
      throw new TasukiError('not_found', `${app.name} has no instance "${params.dyno}".`, {
        details: { resource: 'dyno' },
      })
    params.dyno = found.instance.id
  })
}
