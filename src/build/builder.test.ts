import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { create } from 'tar'
import type { Artifact } from '../domain/artifact.ts'
import { TasukiError } from '../domain/errors.ts'
import { Builder, type BuildRequest } from './builder.ts'

describe('building', () => {
  let dir: string
  let builder: Builder
  let count = 0

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tasuki-build-'))
    await chmod(dir, 0o755)
    builder = await Builder.open({ data: join(dir, 'data') })
  })

  after(() => rm(dir, { recursive: true }))

  async function tarball(files: Readonly<Record<string, string>>): Promise<string> {
    const folder = join(dir, `source-${++count}`)
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), content)
    }
    const file = `${folder}.tgz`
    await create({ cwd: folder, gzip: true, file }, ['.'])
    return file
  }

  async function build(
    files: Readonly<Record<string, string>>,
    request: Partial<BuildRequest> = {},
  ): Promise<{ artifact: Artifact; log: string[] }> {
    const log: string[] = []
    const artifact = await builder.build({
      appId: 'app-1',
      source: { tarball: await tarball(files) },
      commit: null,
      env: {},
      log: (line) => log.push(line),
      signal: new AbortController().signal,
      ...request,
    })
    return { artifact, log }
  }

  async function refusal(files: Readonly<Record<string, string>>, code: string): Promise<TasukiError> {
    const error = await build(files).then(
      () => assert.fail('The build succeeded.'),
      (error: unknown) => error,
    )
    assert.ok(error instanceof TasukiError, String(error))
    assert.equal(error.code, code, error.message)
    return error
  }

  it('makes a slug of anything with a Procfile', async () => {
    const { artifact } = await build(
      { Procfile: 'web: python3 -m http.server $PORT\nworker: ./w\n', w: '#!/bin/sh\n' },
      { commit: 'abc' },
    )
    assert.equal(artifact.builder, 'procfile')
    assert.equal(artifact.commit, 'abc')
    assert.deepEqual(artifact.processTypes, { web: 'python3 -m http.server $PORT', worker: './w' })
    assert.deepEqual(await builder.metadata(artifact.digest), artifact)
    const tree = builder.artifactPath(artifact.digest)
    assert.deepEqual((await readdir(tree)).sort(), ['.tasuki', 'Procfile', 'w'])
    assert.equal((await stat(tree)).mode & 0o777, 0o755)
  })

  it('shows the last lines of a build that fails', async () => {
    const error = await refusal(
      { 'package.json': JSON.stringify({ scripts: { start: 'x', build: 'echo oh no; exit 3' } }) },
      'build_failed',
    )
    assert.match(error.message, /oh no/)
  })
})
