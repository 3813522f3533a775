import { readFile } from 'node:fs/promises'
import { TasukiError } from '../domain/errors.ts'
import type { ApiClient } from './client.ts'
import { ourPath } from './command.ts'
import type { Release } from './wire/apps.ts'

export interface ImageFlags {
  readonly image: string
  readonly commit: string | undefined
  readonly procfile: string | undefined
  readonly 'app-json': string | undefined
}

/** Asks for a release of an image; the files that say more of it are read here. */
export async function releaseImage(client: ApiClient, app: string, flags: ImageFlags): Promise<Release> {
  return client.post<Release>(ourPath(app, 'images'), {
    image: flags.image,
    commit: flags.commit,
    procfile: await textOf(flags.procfile),
    app_json: await textOf(flags['app-json']),
  })
}

async function textOf(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw new TasukiError('bad_request', `${file} can not be read: ${(error as Error).message}.`, {
      next: 'Check the path.',
    })
  })
}
