import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { create } from 'tar'
import { tempDir } from '../../store/testing.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import { peekAppJson } from './peek.ts'

async function archive(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  gzip = true,
): Promise<string> {
  const folder = tempDir(t, 'peek')
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, 'in', dirname(name)), { recursive: true })
    writeFileSync(join(folder, 'in', name), text)
  }
  const file = join(folder, 'source.tar')
  await create({ cwd: join(folder, 'in'), file, gzip }, ['.'])
  return file
}

const NAMED = '{"name": "demo", "success_url": "/welcome", "env": {"A": "1"}}'

test('app.json is read in the root, or in the only folder of the root', async (t) => {
  const sources: Readonly<Record<string, string>>[] = [
    { 'app.json': NAMED, 'lib/app.json': '{"name": "other"}' },
    { 'demo-abc123/app.json': NAMED, 'demo-abc123/lib/x': '' },
  ]
  for (const files of sources)
    for (const gzip of [true, false]) {
      const { manifest, successUrl } = await peekAppJson(await archive(t, files, gzip), DEFAULT_LIMITS)
      assert.deepEqual([manifest.name, manifest.env.A?.value, successUrl], ['demo', '1', '/welcome'])
    }
})

test('without one there is nothing to be said', async (t) => {
  const file = await archive(t, { Procfile: 'web: x', 'lib/app.json': NAMED })
  assert.deepEqual((await peekAppJson(file, DEFAULT_LIMITS)).manifest.env, {})
})

test('a bad app.json and what is no archive are refused', async (t) => {
  const bad = await archive(t, { 'app.json': '{"env": 3}' })
  await assert.rejects(peekAppJson(bad, DEFAULT_LIMITS), { code: 'invalid_app_json' })
  const none = join(tempDir(t, 'peek'), 'none.tar')
  writeFileSync(none, 'x'.repeat(2000))
  await assert.rejects(peekAppJson(none, DEFAULT_LIMITS), { code: 'invalid_source' })
})

test('what stands there for an environment counts for it', async (t) => {
  const text = '{"env": {"A": "1"}, "environments": {"review": {"env": {"B": "2"}}}}'
  const file = await archive(t, { 'app.json': text })
  const keys = async (environment: 'test' | 'review' | null) =>
    Object.keys((await peekAppJson(file, DEFAULT_LIMITS, environment)).manifest.env)
  assert.deepEqual([await keys('review'), await keys('test'), await keys(null)], [['B'], ['A'], ['A']])
})
