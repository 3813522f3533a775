import type { ApiClient } from './client.ts'
import { appPath } from './command.ts'

/** A buildpack of an app, as the API tells it. */
export interface Installation {
  readonly ordinal: number
  readonly buildpack: { readonly url: string; readonly name: string }
}

export function installations(client: ApiClient, app: string): Promise<Installation[]> {
  return client.get<Installation[]>(appPath(app, 'buildpack-installations'))
}

/** Sets all of them; the server refuses bad ones. */
export function install(client: ApiClient, app: string, urls: readonly string[]): Promise<Installation[]> {
  const updates = urls.map((buildpack) => ({ buildpack }))
  return client.put<Installation[]>(appPath(app, 'buildpack-installations'), { updates })
}

/** What the next build will use, as lines. */
export function nextBuild(app: string, list: readonly Installation[]): string[] {
  if (list.length === 0)
    return [`${app} has no buildpacks: the next build goes by what the source looks like.`]
  return [`The next build of ${app} uses:`, ...numbered(list), `Run \`tasuki deploy -a ${app}\` to build it.`]
}

export function numbered(list: readonly Installation[]): string[] {
  return list.map(({ buildpack }, index) => `${index + 1}. ${buildpack.name}`)
}
