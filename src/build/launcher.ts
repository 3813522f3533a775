import { chmod, lstat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PLATFORM_DIR } from '../domain/slug.ts'

const LAUNCHER = `${PLATFORM_DIR}/launch`

/** Bash, since that is what such scripts are written for. The working directory is the root of the slug. */
const SOURCE_PROFILES = `
command=("$@")
set --
for profile in .profile.d/*.sh .profile; do
  [ ! -f "$profile" ] || . "./$profile"
done
unset profile
exec "\${command[@]}"
`

/**
 * When the slug has `.profile.d` or `.profile`, or is to have its root as home, adds the program through which each of its
 * commands is started, and returns its path, relative to the root; else null.
 */
export async function addLauncher(
  root: string,
  { homeIsRoot }: { homeIsRoot: boolean },
): Promise<string | null> {
  if (!homeIsRoot && !(await hasProfile(root))) return null
  const home = homeIsRoot ? 'export HOME="$PWD"\n' : ''
  const file = join(root, LAUNCHER)
  await writeFile(file, `#!/bin/bash\n${home}${SOURCE_PROFILES.trimStart()}`)
  await chmod(file, 0o755)
  return LAUNCHER
}

async function hasProfile(root: string): Promise<boolean> {
  const found = await Promise.all(
    ['.profile', '.profile.d'].map((name) => lstat(join(root, name)).catch(() => null)),
  )
  return found.some((stats) => stats !== null)
}
