import { User, userOf } from '../bodies/common.ts'
import type { Api } from '../types.ts'

export function accountRoutes(api: Api): void {
  api.get(
    '/account',
    { config: { access: 'users', scope: 'identity' }, schema: { response: { 200: User } } },
    async (request) => userOf(request.user),
  )
}
