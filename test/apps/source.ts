import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create } from 'tar'

const ROOT = join(import.meta.dirname, '../..')

/** The apps that tests deploy, by name → folder. `steady-npm` is steady, started by `npm start`. */
const APPS = {
  steady: 'test/apps/steady',
  'steady-npm': 'test/apps/steady',
  hello: 'examples/hello',
  'python-worker': 'examples/python-worker',
  'static-site': 'examples/static-site',
} as const

export type TestApp = keyof typeof APPS

/**
 * Writes a gzipped archive of one of the apps to `file`, after a change: path → new content, null removes.
 * A changed file (`note`, for example) is the way to a new artifact of the same app.
 */
export async function packApp(
  app: TestApp,
  file: string,
  change: Readonly<Record<string, string | null>> = {},
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tasuki-app-'))
  try {
    const filter = (path: string) => !path.endsWith('node_modules')
    await cp(join(ROOT, APPS[app]), folder, { recursive: true, filter })
    if (app === 'steady-npm') await rm(join(folder, 'Procfile'))
    for (const [path, content] of Object.entries(change)) await changeFile(join(folder, path), content)
    await create({ cwd: folder, gzip: true, file }, ['.'])
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function changeFile(path: string, content: string | null): Promise<void> {
  if (content === null) await rm(path)
  else await writeFile(path, content)
}
