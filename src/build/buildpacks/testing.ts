import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'

const OURS = resolve(import.meta.dirname, '../../../test/buildpacks')

/** A copy of one of the buildpacks in `test/buildpacks`, as a folder that all may read. */
export async function ourPack(below: string, name: 'tools' | 'pages'): Promise<string> {
  const dir = await mkdtemp(join(below, `pack-${name}-`))
  await chmod(dir, 0o755)
  await cp(join(OURS, name), dir, { recursive: true })
  return dir
}

/** A buildpack of shell scripts: what each program of it does. It detects every app unless told otherwise. */
export async function scriptPack(
  below: string,
  programs: Partial<Readonly<Record<'detect' | 'compile' | 'test-compile' | 'release', string>>>,
): Promise<string> {
  const dir = await mkdtemp(join(below, 'pack-'))
  await chmod(dir, 0o755)
  for (const [name, text] of Object.entries({ detect: 'echo Script', compile: ':', ...programs }))
    await writeProgram(join(dir, 'bin', name), text)
  return dir
}

export async function writeProgram(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `#!/bin/bash\n${text}\n`)
  await chmod(file, 0o755)
}

/** Makes a Git repository of a folder, or commits what has changed in it; returns the commit. */
export function commitAll(dir: string): string {
  if (!existsSync(join(dir, '.git'))) git(dir, 'init', '-q', '-b', 'main')
  git(dir, 'add', '-A')
  git(dir, 'commit', '-q', '--allow-empty', '-m', 'x')
  return git(dir, 'rev-parse', 'HEAD').trim()
}

export function git(dir: string, ...args: readonly string[]): string {
  const identity = ['-c', 'user.name=x', '-c', 'user.email=x@example.test', '-c', 'safe.directory=*']
  const env = { PATH: process.env.PATH, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' }
  return execFileSync('git', [...identity, '-C', dir, ...args], { encoding: 'utf8', env })
}
