import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Clone } from '../../src/git/testing.ts'
import type { Forge } from '../harness/forge.ts'
import type { TestServer } from '../harness/index.ts'

const EXAMPLE = join(import.meta.dirname, '../../examples/shop')

/** What the example comes with. */
export function fileOfExample(path: string): Promise<string> {
  return readFile(join(EXAMPLE, path), 'utf8')
}

/** What a developer has: the example, with short limits, and the forge as its origin. */
export async function cloneOf(server: TestServer, forge: Forge): Promise<Clone> {
  const directory = join(server.directory, 'clone')
  await cp(EXAMPLE, directory, { recursive: true })
  const settings = JSON.parse(await fileOfExample('app.json'))
  settings.tasuki.bake_seconds = 0.5
  await writeFile(join(directory, 'app.json'), JSON.stringify(settings))
  const clone = new Clone(directory, { HOME: server.directory })
  await clone.must('init', '-q', '-b', 'main')
  await clone.must('remote', 'add', 'origin', forge.repository)
  await clone.commit({}, 'Sell shoes')
  return clone
}
