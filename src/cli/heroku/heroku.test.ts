import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { lstat, mkdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type Cli, cli } from '../testing/run-cli.ts'
import { PLUGIN_FOLDER } from './plugin.ts'

const HERE = 'http://127.0.0.1:5999'
const ELSEWHERE = 'https://tasuki.example.com'

function folderOf({ home }: Cli): string {
  return join(home, '.local/share/heroku')
}

async function packagesOf(tasuki: Cli) {
  return JSON.parse(await readFile(join(folderOf(tasuki), 'package.json'), 'utf8'))
}

describe('tasuki heroku', () => {
  it('prints what a shell needs for a server on this machine, without the plugin', async () => {
    await using tasuki = await cli()
    const { code, stdout } = await tasuki.run(['heroku'], { env: { TASUKI_URL: HERE } })
    assert.equal(code, 0)
    const script = `${stdout}\nprintf '%s %s %s' "$HEROKU_HOST" "$HEROKU_GIT_HOST" "$DISABLE_TELEMETRY"`
    assert.equal(String(execFileSync('sh', ['-c', script])), `${HERE} 127.0.0.1:5999 true`)
  })

  it('prints nothing for a server elsewhere without the plugin, and says what is missing', async () => {
    await using tasuki = await cli()
    const { code, stdout, stderr } = await tasuki.run(['heroku'], { env: { TASUKI_URL: ELSEWHERE } })
    assert.equal(code, 2)
    assert.equal(stdout, '')
    assert.match(stderr, /Run `tasuki heroku --write` first/)
  })

  it('leaves the command line nowhere to go when the plugin of a server elsewhere is lost', async () => {
    await using tasuki = await cli()
    const env = { TASUKI_URL: ELSEWHERE }
    await tasuki.run(['heroku', '--write'], { env })
    const { variables } = JSON.parse((await tasuki.run(['heroku', '--json'], { env })).stdout)
    assert.equal(variables.TASUKI_URL, ELSEWHERE)
    assert.equal(variables.HEROKU_HOST, 'http://127.0.0.1:9')
    assert.equal(variables.HEROKU_GIT_HOST, 'tasuki.example.com')
  })

  it('installs the plugin beside those that are there, once, and takes only its own out again', async () => {
    await using tasuki = await cli()
    const other = { name: 'heroku-builds', type: 'user', tag: 'latest' }
    await mkdir(folderOf(tasuki), { recursive: true })
    const before = { name: 'heroku', dependencies: { 'heroku-builds': '1' }, oclif: { plugins: [other] } }
    await writeFile(join(folderOf(tasuki), 'package.json'), JSON.stringify(before))
    for (let time = 0; time < 2; time += 1) {
      const { code, stdout } = await tasuki.run(['heroku', '--write'])
      assert.equal(code, 0)
      assert.match(stdout, /git config tasuki\.url/)
    }
    const written = await packagesOf(tasuki)
    assert.deepEqual(
      written.oclif.plugins.map(({ name }: { name: string }) => name),
      ['heroku-builds', 'tasuki-heroku'],
    )
    const link = join(folderOf(tasuki), 'node_modules/tasuki-heroku')
    assert.equal(await realpath(link), await realpath(PLUGIN_FOLDER))
    await tasuki.run(['heroku', '--undo'])
    assert.deepEqual(await packagesOf(tasuki), before)
    await assert.rejects(lstat(link), { code: 'ENOENT' })
  })

  it('forgets what was written into the configuration of Git for that server, and nothing else', async () => {
    await using tasuki = await cli()
    const gitconfig = join(tasuki.home, '.gitconfig')
    const helper = (host: string) => `[credential "https://${host}"]\n\thelper = !heroku git:credentials\n`
    await writeFile(gitconfig, helper('tasuki.example.com') + helper('git.heroku.com'))
    const { code } = await tasuki.run(['heroku', '--undo'], { env: { TASUKI_URL: ELSEWHERE } })
    assert.equal(code, 0)
    assert.equal((await readFile(gitconfig, 'utf8')).trim(), helper('git.heroku.com').trim())
  })

  it('touches nothing when something else has its name, or the list can not be read', async () => {
    await using tasuki = await cli()
    await mkdir(join(folderOf(tasuki), 'node_modules/tasuki-heroku'), { recursive: true })
    const taken = await tasuki.run(['heroku', '--write'])
    assert.equal(taken.code, 5)
    await writeFile(join(folderOf(tasuki), 'package.json'), '{')
    const broken = await tasuki.run(['heroku', '--write'])
    assert.equal(broken.code, 2)
    assert.match(broken.stderr, /package\.json is not JSON/)
    assert.equal(await readFile(join(folderOf(tasuki), 'package.json'), 'utf8'), '{')
  })
})
