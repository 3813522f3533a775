import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { addLauncher } from './launcher.ts'

describe('the launcher of a slug', () => {
  let dir: string
  let count = 0

  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'tasuki-launcher-'))
  })
  after(() => rmSync(dir, { recursive: true }))

  async function slug(files: Readonly<Record<string, string>>): Promise<string> {
    const root = join(dir, String(++count))
    await mkdir(join(root, '.tasuki'), { recursive: true })
    await mkdir(join(root, '.profile.d'))
    for (const [path, text] of Object.entries(files)) await writeFile(join(root, path), text)
    return root
  }

  function run(root: string, command: readonly string[]): string {
    const env = { PATH: process.env.PATH, HOME: '/elsewhere' }
    return execFileSync(join(root, '.tasuki/launch'), command, { cwd: root, env, encoding: 'utf8' })
  }

  it('reads the scripts in their order, .profile last, then becomes the command with its words', async () => {
    const root = await slug({
      '.profile.d/b.sh': 'export SEEN="$SEEN b"; set -- lost',
      '.profile.d/a.sh': 'export SEEN="a$#"',
      '.profile.d/readme.txt': 'exit 1',
      '.profile': 'export SEEN="$SEEN profile"',
    })
    assert.equal(await addLauncher(root, { homeIsRoot: false }), '.tasuki/launch')
    assert.equal(
      run(root, ['sh', '-c', 'echo "$SEEN|$1|$HOME|$profile"', 'x', 'two words']),
      'a0 b profile|two words|/elsewhere|\n',
    )
  })

  it('has the root of the slug as home when that is wanted, also for the scripts', async () => {
    const root = await slug({ '.profile.d/a.sh': 'export TOOLS="$HOME/.tools"' })
    await addLauncher(root, { homeIsRoot: true })
    assert.equal(run(root, ['sh', '-c', 'echo "$TOOLS $HOME"']), `${root}/.tools ${root}\n`)
  })

  it('gives the status of its command', async () => {
    const root = await slug({})
    await addLauncher(root, { homeIsRoot: true })
    assert.throws(() => run(root, ['sh', '-c', 'exit 7']), { status: 7 })
  })

  it('is only there when something asks for it', async () => {
    const root = await slug({})
    rmSync(join(root, '.profile.d'), { recursive: true })
    assert.equal(await addLauncher(root, { homeIsRoot: false }), null)
  })
})
