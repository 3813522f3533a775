import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { run, sourceFrom } from '../../harness/index.ts'
import type { Lane } from '../harness/row.ts'
import { IDLE, STEADY } from '../harness/sources.ts'

/** An app without code: created, named, looked at, destroyed. */
export const APPS: Lane = {
  name: 'apps',
  rows: [
    {
      command: 'apps:create NAME',
      verdict: 'works',
      note: 'There is one region, one stack, and no team.',
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
      core: true,
      check: async ({ heroku, thorough }) => {
        const { stdout } = await heroku('apps')
        assert.match(stdout, /^crest$/m)
        if (!thorough) return
        const all = JSON.parse((await heroku('apps --all --json')).stdout)
        assert.ok(all.some((app: { name: string }) => app.name === 'crest'))
      },
    },
    {
      command: 'apps:info [--json] [--shell]',
      verdict: 'works',
      core: true,
      check: async ({ heroku, thorough }) => {
        const { stdout } = await heroku('apps:info -a crest')
        assert.match(stdout, /^=== ⬢? ?crest$/m)
        assert.match(stdout, /Owner: +admin@test/)
        assert.match(stdout, /Stack: +\S+/)
        if (!thorough) return
        const json = JSON.parse((await heroku('apps:info -a crest --json')).stdout)
        assert.equal(json.app.name, 'crest')
        assert.deepEqual(json.dynos, [])
      },
    },
    {
      command: 'apps:stacks',
      verdict: 'works',
      note: 'There is one stack; `apps:stacks:set` knows no other.',
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
      verdict: 'works',
      note: 'The remote is `https://…`, which the port of the API speaks: Git has to know its certificate, see above.',
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
      command: 'git push, git:clone, git:credentials',
      verdict: 'works',
      note: 'The build, the release phase and the rollout are told in the push; one that fails rejects it.',
      check: async ({ heroku, cli, get, server }) => {
        const source = await sourceFrom(server, STEADY, IDLE)
        const git = async (...args: string[]) => {
          const ran = await cli.other(['git', ...args], { cwd: source })
          assert.equal(ran.code, 0, ran.stderr)
          return ran
        }
        await git('init', '-q', '-b', 'main')
        await git('add', '.')
        await git('-c', 'user.name=me', '-c', 'user.email=me@example.org', 'commit', '-q', '-m', 'Begin')
        await heroku('git:remote -a crown', 0, { cwd: source })
        assert.match((await git('push', 'heroku', 'main')).stderr, /^remote: /m)
        assert.match((await get('/apps/crown/releases/2')).description, /^Deploy /)
        const { code, stderr } = await cli.other(['heroku', 'git:clone', '-a', 'crown', 'cloned'])
        assert.equal(code, 0, stderr)
        assert.ok(existsSync(join(cli.home, 'cloned/Procfile')))
      },
    },
    {
      command: 'maintenance, maintenance:on, :off',
      verdict: 'works',
      core: true,
      check: async ({ heroku, get, thorough }) => {
        await heroku('maintenance:on -a crown')
        assert.equal((await get('/apps/crown')).maintenance, true)
        if (!thorough) return
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
      check: async ({ heroku, get, thorough }) => {
        assert.match((await heroku('features -a crown')).stdout, /^\[ \] preboot +\S/m)
        await heroku('features:enable preboot -a crown')
        assert.equal((await get('/apps/crown/features/preboot')).enabled, true)
        if (!thorough) return
        assert.match((await heroku('features:info preboot -a crown')).stdout, /Enabled: +true/)
        await heroku('features:disable preboot -a crown')
        assert.equal((await get('/apps/crown/features/preboot')).enabled, false)
      },
    },
    {
      command: 'domains, :add, :info, :wait, :remove, :clear',
      verdict: 'works',
      note: 'Point the DNS entry at the server yourself.',
      core: true,
      check: async ({ heroku, get, thorough }) => {
        const { stdout } = await heroku('domains:add www.example.org -a crown')
        assert.match(stdout, /DNS Target crown\.test/)
        const hostnames = (domains: { hostname: string }[]) => domains.map(({ hostname }) => hostname)
        assert.ok(hostnames(await get('/apps/crown/domains')).includes('www.example.org'))
        if (!thorough) return
        await heroku('domains:wait www.example.org -a crown')
        assert.match((await heroku('domains -a crown')).stdout, /www\.example\.org +CNAME +crown\.test/)
        await heroku('domains:remove www.example.org -a crown')
        assert.ok(!hostnames(await get('/apps/crown/domains')).includes('www.example.org'))
      },
    },
    {
      command: 'buildpacks, :add, :set, :remove, :clear',
      verdict: 'works',
      note: 'By Git URL or path on the server; of short names only the server’s own builders. No `buildpacks:search`.',
      core: true,
      check: async ({ heroku, get, thorough }) => {
        const url = 'https://example.org/buildpack.git'
        await heroku(`buildpacks:add ${url} -a crown`)
        const [installed] = await get('/apps/crown/buildpack-installations')
        assert.equal(installed.buildpack.url, url)
        assert.ok((await heroku('buildpacks -a crown')).stdout.includes(url))
        if (!thorough) return
        await heroku('buildpacks:clear -a crown')
        assert.deepEqual(await get('/apps/crown/buildpack-installations'), [])
      },
    },
    {
      command: 'drains, :add, :remove',
      verdict: 'works',
      check: async ({ heroku, get }) => {
        const url = 'https://logs.example.org/in?key=1'
        assert.match((await heroku(`drains:add ${url} -a crown`)).stdout, /Successfully added/)
        const [drain] = await get('/apps/crown/log-drains')
        assert.equal(drain.url, url)
        assert.ok((await heroku('drains -a crown')).stdout.includes(drain.token))
        await heroku(`drains:remove ${url} -a crown`)
        assert.deepEqual(await get('/apps/crown/log-drains'), [])
      },
    },
    {
      command: 'webhooks, :add, :info, :update, :remove',
      verdict: 'works',
      check: async ({ heroku, get }) => {
        await heroku('webhooks:add -i api:release -l notify -u https://hooks.example.org/in -a crown')
        const [hook] = await get('/apps/crown/webhooks')
        assert.deepEqual([hook.url, hook.include], ['https://hooks.example.org/in', ['api:release']])
        assert.ok((await heroku('webhooks -a crown')).stdout.includes(hook.url))
        await heroku(`webhooks:remove ${hook.id} -a crown`)
        assert.deepEqual(await get('/apps/crown/webhooks'), [])
      },
    },
    {
      command: 'certs, certs:auto',
      verdict: 'partly',
      note: 'There are none: put something that ends TLS in front of the router.',
      check: async ({ heroku }) => {
        assert.match((await heroku('certs -a crown')).stdout, /no SSL certificates/)
        assert.match((await heroku('certs:auto -a crown')).stdout, /disabled/)
      },
    },
    {
      command: 'addons, :create, :attach …; pg, redis, kafka …',
      verdict: 'not',
      note: 'There is no market of add-ons: run the service where you like and set its address with `config:set`.',
      check: async ({ heroku, refused }) => {
        assert.match((await heroku('addons -a crown')).stdout, /No add-ons/)
        await refused('addons:create heroku-postgresql -a crown', /Add-ons are not offered/)
      },
    },
    {
      command: 'container:login, :push, :release',
      verdict: 'not',
      note: 'There is no registry of images.',
      check: ({ refused }) =>
        refused('container:release web -a crown', /not a container app|container stack|stack/i),
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
