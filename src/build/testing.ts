import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { create } from 'tar'
import type { Artifact } from '../domain/artifact.ts'
import type { BuildRequest } from '../domain/build.ts'
import { type ErrorCode, TasukiError } from '../domain/errors.ts'
import { Builder, type BuilderOptions } from './builder.ts'

/** Path → content of a source; a mode makes a program. */
export type SourceFiles = Readonly<Record<string, string>>

/** A builder with a data directory of its own, for tests. */
export class TestBuilder implements AsyncDisposable {
  readonly dir: string
  readonly builder: Builder
  #count = 0

  private constructor(dir: string, builder: Builder) {
    this.dir = dir
    this.builder = builder
  }

  static async open(options: Partial<BuilderOptions> = {}): Promise<TestBuilder> {
    const dir = await mkdtemp(join(tmpdir(), 'tasuki-build-'))
    await chmod(dir, 0o755)
    return new TestBuilder(dir, await Builder.open({ data: join(dir, 'data'), ...options }))
  }

  /** One that is open already, on the directory of another. */
  static on(dir: string, builder: Builder): TestBuilder {
    return new TestBuilder(dir, builder)
  }

  /** Builds a source, and gives the artifact with its log. */
  async build(
    files: SourceFiles,
    request: Partial<BuildRequest> = {},
  ): Promise<{ artifact: Artifact; tree: string; log: string[] }> {
    const log: string[] = []
    const artifact = await this.builder.build({
      appId: 'app-1',
      source: { tarball: await this.tarball(files) },
      commit: null,
      env: {},
      buildpacks: null,
      log: (line) => log.push(line),
      signal: new AbortController().signal,
      ...request,
    })
    return { artifact, tree: this.builder.artifactPath(artifact.digest), log }
  }

  /** The error that a build ends with, which must have that code. */
  async refusal(
    files: SourceFiles,
    code: ErrorCode,
    request: Partial<BuildRequest> = {},
  ): Promise<TasukiError> {
    const error = await this.build(files, request).then(
      () => assert.fail('The build succeeded.'),
      (error: unknown) => error,
    )
    assert.ok(error instanceof TasukiError, String(error))
    assert.equal(error.code, code, error.message)
    return error
  }

  async tarball(files: SourceFiles): Promise<string> {
    const folder = join(this.dir, `source-${++this.#count}`)
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), content)
    }
    const file = `${folder}.tgz`
    await create({ cwd: folder, gzip: true, file }, ['.'])
    await rm(folder, { recursive: true })
    return file
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.dir, { recursive: true, force: true })
  }
}

/** A package.json as text. */
export function packageJson(content: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ name: 'app', version: '1.0.0', private: true, ...content })
}
