import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import { AppParams, nullable } from '../bodies/common.ts'
import { SleepBody, sleepBody } from '../bodies/sleep.ts'
import type { Api } from '../types.ts'

const Change = Type.Object(
  {
    state: Type.Optional(
      Type.Enum(['awake', 'asleep'], {
        description: 'What it is to do now; the answer does not wait for it',
      }),
    ),
    after_idle_seconds: Type.Optional(nullable(Type.Integer({ minimum: 1 }))),
  },
  { additionalProperties: false },
)

/** Apps that have no instances while nobody visits them. */
export function sleepRoutes(api: Api, { apps, sleeping }: Services): void {
  api.get(
    '/tasuki/apps/:app/sleep',
    { schema: { params: AppParams, response: { 200: SleepBody } } },
    async (request) => sleepBody(await sleeping.view(await apps.find(request.params.app))),
  )

  api.patch(
    '/tasuki/apps/:app/sleep',
    { schema: { params: AppParams, body: Change, response: { 200: SleepBody } } },
    async (request) => {
      const app = await apps.find(request.params.app)
      const { state, after_idle_seconds: seconds } = request.body
      if (seconds !== undefined) await sleeping.setIdleLimit(app, seconds === null ? null : seconds * 1000)
      if (state === 'asleep') await sleeping.sleep(app, request.user)
      if (state === 'awake') await sleeping.wake(app, request.user)
      return sleepBody(await sleeping.view(app))
    },
  )
}
