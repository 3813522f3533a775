import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../../harness/index.ts'
import type { Lane } from '../harness/row.ts'

/** An app without code: created, named, looked at, destroyed. */
export const APPS: Lane = {
  name: 'apps',
  rows: [
    {
      command: 'apps:create NAME',
      verdict: 'works',
      note: 'Regions, stacks and teams: there is one of the first two and none of the last.',
      core: true,
      check: async ({ heroku, get }) => {
        const { stdout, stderr } = await heroku('apps:create crest')
        assert.match(stderr, /Creating ⬢? ?crest\.\.\. done/)
        assert.match(stdout, /^http:\/\/crest\.test:\d+\/? \| https:\/\/127\.0\.0\.1:\d+\/crest\.git$/m)
        assert.equal((await get('/apps/crest')).name, 'crest')
      },
    },
    {
      command: 'apps [--all] [--json]',
      verdict: 'works',
      check: async ({ heroku }) => {
        const { stdout } = await heroku('apps')
        assert.match(stdout, /^crest$/m)
        const all = JSON.parse((await heroku('apps --all --json')).stdout)
        assert.ok(all.some((app: { name: string }) => app.name === 'crest'))
      },
    },
    {
      command: 'apps:info [--json] [--shell]',
      verdict: 'works',
      check: async ({ heroku }) => {
        const { stdout } = await heroku('apps:info -a crest')
        assert.match(stdout, /^=== ⬢? ?crest$/m)
        assert.match(stdout, /Owner: +admin@test/)
        assert.match(stdout, /Stack: +\S+/)
        const json = JSON.parse((await heroku('apps:info -a crest --json')).stdout)
        assert.equal(json.app.name, 'crest')
        assert.deepEqual(json.dynos, [])
      },
    },
    {
      command: 'apps:stacks',
      verdict: 'partly',
      note: 'There is one stack.',
      check: async ({ heroku }) => {
        assert.match((await heroku('apps:stacks -a crest')).stdout, /^\* \S+$/m)
      },
    },
    {
      command: 'apps:rename',
      verdict: 'works',
      core: true,
      check: async ({ heroku, get }) => {
        const { stdout } = await heroku('apps:rename crown -a crest')
        assert.match(stdout, /crown\.test/)
        assert.equal((await get('/apps/crown')).name, 'crown')
      },
    },
    {
      command: 'git:remote',
      verdict: 'partly',
      note: 'The remote is always `https://…`: where the server speaks plain HTTP, add it with `git remote add` instead.',
      core: true,
      check: async ({ heroku, cli }) => {
        const cwd = join(cli.home, 'repository')
        await mkdir(cwd)
        await run('git', ['init', '-q', cwd])
        await heroku('git:remote -a crown', 0, { cwd })
        const { stdout } = await run('git', ['-C', cwd, 'remote', 'get-url', 'heroku'])
        assert.match(stdout, /^https:\/\/127\.0\.0\.1:\d+\/crown\.git$/m)
      },
    },
    {
      command: 'maintenance, maintenance:on, :off',
      verdict: 'works',
      core: true,
      check: async ({ heroku, get }) => {
        await heroku('maintenance:on -a crown')
        assert.equal((await get('/apps/crown')).maintenance, true)
        assert.equal((await heroku('maintenance -a crown')).stdout.trim(), 'on')
        await heroku('maintenance:off -a crown')
        assert.equal((await get('/apps/crown')).maintenance, false)
      },
    },
    {
      command: 'features, :info, :enable, :disable',
      verdict: 'works',
      note: '`preboot` chooses the strategy `preboot`: see above for what it does better.',
      core: true,
      check: async ({ heroku, get }) => {
        assert.match((await heroku('features -a crown')).stdout, /^\[ \] preboot +\S/m)
        await heroku('features:enable preboot -a crown')
        assert.equal((await get('/apps/crown/features/preboot')).enabled, true)
        assert.match((await heroku('features:info preboot -a crown')).stdout, /Enabled: +true/)
        await heroku('features:disable preboot -a crown')
        assert.equal((await get('/apps/crown/features/preboot')).enabled, false)
      },
    },
    {
      command: 'apps:destroy',
      verdict: 'works',
      core: true,
      check: async ({ heroku, server }) => {
        await heroku('apps:destroy -a crown -c crown')
        assert.equal((await server.call('GET', '/apps/crown')).status, 404)
      },
    },
  ],
}
