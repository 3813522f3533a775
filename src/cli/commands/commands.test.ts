import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Answer, ApiError, fakeApi } from '../testing/fake-api.ts'
import { type Cli, cli } from '../testing/run-cli.ts'

/** A reserved port on which nothing listens. */
const DEAD = 'http://127.0.0.1:47'

const SHOP = {
  id: 'a1',
  name: 'shop',
  web_url: 'http://shop.localhost:8080/',
  maintenance: false,
  created_at: '2026-01-02T03:04:05Z',
  released_at: '2026-01-02T03:04:05Z',
}

function dyno(name: string, state: string, change: object = {}) {
  return {
    id: `${name}-id`,
    name,
    type: name.split('.')[0],
    size: 'Standard-1X',
    state,
    command: 'node server.js',
    release: { version: 7 },
    created_at: new Date().toISOString(),
    updated_at: new Date().toISOString(),
    tasuki: {
      admin: 'ready',
      rotation: 'ready',
      health: 'up',
      in_flight: 2,
      streams: 0,
      check: 'HTTP 200',
      generation: 7,
    },
    ...change,
  }
}

let tasuki: Cli
before(async () => {
  tasuki = await cli()
})
after(() => tasuki[Symbol.asyncDispose]())

/** Runs one command against routes. */
async function against(routes: Record<string, Answer>, args: string[], env: Record<string, string> = {}) {
  await using api = await fakeApi(routes)
  const result = await tasuki.run(args, { env: { TASUKI_URL: api.url, TASUKI_TOKEN: 'secret', ...env } })
  return { ...result, calls: api.lines(), api }
}

describe('every command', () => {
  it('says that nothing answers, and what to do, with exit code 10 and no stack trace', async () => {
    const result = await tasuki.run(['apps'], { env: { TASUKI_URL: DEAD } })
    assert.deepEqual(result, {
      code: 10,
      stdout: '',
      stderr: `Error: Can not reach the server at ${DEAD} (ECONNREFUSED).\nNext: Is \`tasuki server\` running, and is TASUKI_URL right?\n`,
    })
  })

  it('prints its error as JSON with --json, on stdout alone', async () => {
    const result = await tasuki.run(['apps', '--json'], { env: { TASUKI_URL: DEAD } })
    assert.equal(result.code, 10)
    assert.equal(result.stderr, '')
    assert.equal(JSON.parse(result.stdout).error.id, 'unreachable')
  })

  it('exits with the code of the error table', async () => {
    const refuse = (status: number, id: string) => () => {
      throw new ApiError(status, { id, message: 'No.' })
    }
    const codes = [
      (await against({ 'GET /apps': refuse(401, 'unauthorized') }, ['apps'])).code,
      (await against({}, ['ps', '-a', 'nothing'])).code,
      (await tasuki.run(['ps', '--nonsense'])).code,
      (await tasuki.run(['receipt', 'seven', '-a', 'shop'])).code,
    ]
    assert.deepEqual(codes, [3, 4, 2, 2])
  })

  it('is guessed from a misspelt name', async () => {
    const result = await tasuki.run(['depoly'])
    assert.equal(result.code, 2)
    assert.equal(result.stderr, 'Error: There is no command "depoly".\nNext: Did you mean `tasuki deploy`?\n')
  })
})

describe('the app', () => {
  const routes = { 'GET /apps/shop/dynos': () => [], 'GET /apps/other/dynos': () => [] }

  it('comes from the flag before TASUKI_APP', async () => {
    const both = await against(routes, ['ps', '-a', 'other'], { TASUKI_APP: 'shop' })
    const one = await against(routes, ['ps'], { TASUKI_APP: 'shop' })
    assert.deepEqual([both.calls, one.calls], [['GET /apps/other/dynos'], ['GET /apps/shop/dynos']])
  })

  it('comes from a .tasuki file here or above, then from the Git remote', async () => {
    await using api = await fakeApi(routes)
    const env = { TASUKI_URL: api.url }
    const below = join(tasuki.home, 'work', 'src')
    await mkdir(below, { recursive: true })
    execFileSync('git', ['init', '-q', join(tasuki.home, 'work')])
    execFileSync('git', ['-C', below, 'remote', 'add', 'tasuki', 'http://localhost:5999/other.git'])
    await tasuki.run(['ps'], { env, cwd: below })
    await writeFile(join(tasuki.home, 'work', '.tasuki'), 'shop\n')
    await tasuki.run(['ps'], { env, cwd: below })
    assert.deepEqual(api.lines(), ['GET /apps/other/dynos', 'GET /apps/shop/dynos'])
  })

  it('has to be named somewhere', async () => {
    const { code, stderr } = await against(routes, ['ps'])
    assert.equal(code, 2)
    assert.match(stderr, /^Error: No app was named\.\nNext: Add `-a APP`/)
  })
})

describe('apps', () => {
  it('lists them as a table, and as JSON', async () => {
    const routes = { 'GET /apps': () => [SHOP, { ...SHOP, name: 'new', released_at: null }] }
    const { stdout } = await against(routes, ['apps'])
    assert.match(stdout, /^shop {2}http:\/\/shop\.localhost:8080\/ {2}\d+ d ago\nnew .* not released yet\n$/)
    const json = await against(routes, ['apps', '--json'])
    assert.deepEqual(
      JSON.parse(json.stdout).map((app: { name: string }) => app.name),
      ['shop', 'new'],
    )
  })

  it('are created with a name that is checked first', async () => {
    const made = await against({ 'POST /apps': () => SHOP }, ['create', 'shop'])
    assert.match(made.stdout, /^Created shop, to be at http:\/\/shop\.localhost:8080\/\n/)
    const bad = await against({ 'POST /apps': () => SHOP }, ['create', 'No_Name'])
    assert.deepEqual([bad.code, bad.calls], [2, []])
  })

  it('are destroyed only when their name is confirmed', async () => {
    const routes = { 'GET /apps/shop': () => SHOP, 'DELETE /apps/shop': () => SHOP }
    const refused = await against(routes, ['destroy', 'shop'])
    assert.deepEqual([refused.code, refused.calls], [2, ['GET /apps/shop']])
    assert.match(refused.stderr, /Next: Add `--confirm shop` if you mean it\./)
    const done = await against(routes, ['destroy', 'shop', '--confirm', 'shop'])
    assert.deepEqual([done.code, done.calls], [0, ['GET /apps/shop', 'DELETE /apps/shop']])
  })

  it('go into maintenance and show their features', async () => {
    const routes = {
      'PATCH /apps/shop': () => ({ ...SHOP, maintenance: true }),
      'GET /apps/shop/features': () => [{ name: 'preboot', description: 'Whole set first', enabled: false }],
      'PATCH /apps/shop/features/preboot': () => ({ name: 'preboot', enabled: true }),
    }
    const on = await against(routes, ['maintenance:on', '-a', 'shop'])
    assert.equal(on.stdout, 'Maintenance of shop is on.\n')
    assert.deepEqual(on.api.body('PATCH /apps/shop'), { maintenance: true })
    assert.equal(
      (await against(routes, ['features', '-a', 'shop'])).stdout,
      'preboot  off  Whole set first\n',
    )
    const enabled = await against(routes, ['features:enable', 'preboot', '-a', 'shop'])
    assert.equal(enabled.stdout, 'preboot of shop is on.\n')
  })
})

describe('instances', () => {
  it('are shown with what the router says of them', async () => {
    const routes = {
      'GET /apps/shop/dynos': () => [dyno('web.1', 'up'), dyno('worker.1', 'up', { tasuki: null })],
    }
    const { stdout } = await against(routes, ['ps', '-a', 'shop'])
    assert.equal(
      stdout,
      `name      release  state  since  in flight  router     size         command
web.1     v7       up     now            2  ready, up  Standard-1X  node server.js
worker.1  v7       up     now            -  -          Standard-1X  node server.js
`,
    )
  })

  it('are scaled, and waited for', async () => {
    let asked = 0
    const states = [
      [dyno('web.1', 'up')],
      [dyno('web.1', 'up'), dyno('web.2', 'starting')],
      [dyno('web.1', 'up'), dyno('web.2', 'up')],
    ]
    const { code, stdout, api } = await against(
      {
        'GET /apps/shop': () => SHOP,
        'PATCH /apps/shop/formation': () => [{ type: 'web', quantity: 2, size: 'Standard-1X' }],
        'GET /apps/shop/dynos': () => states[Math.min(asked++, 2)],
      },
      ['ps:scale', 'web+1', '-a', 'shop'],
    )
    assert.equal(code, 0)
    assert.equal(
      stdout,
      'web  2  Standard-1X\n  web.1 up\n  web.1 up, web.2 starting\n  web.1 up, web.2 up\nDone.\n',
    )
    assert.deepEqual(api.body('PATCH /apps/shop/formation'), { updates: [{ type: 'web', quantity: '+1' }] })
  })

  it('that crash while they are waited for make exit code 7', async () => {
    const { code, stderr } = await against(
      {
        'GET /apps/shop': () => SHOP,
        'PATCH /apps/shop/formation': () => [{ type: 'web', quantity: 2, size: 'Standard-1X' }],
        'GET /apps/shop/dynos': () => [dyno('web.1', 'up'), dyno('web.2', 'crashed')],
      },
      ['ps:scale', 'web=2', '-a', 'shop'],
    )
    assert.equal(code, 7)
    assert.match(stderr, /^Error: web\.2 crashed\.\nNext: See `tasuki logs -a shop --dyno web\.2`\.\n$/)
  })

  it('are restarted one by one, until another has its name', async () => {
    let asked = 0
    const { code, api } = await against(
      {
        'POST /tasuki/apps/shop/restart': () => ({ rollout_id: null }),
        'GET /apps/shop/dynos': () => [dyno('web.1', 'up', { id: asked++ < 2 ? 'old' : 'new' })],
      },
      ['ps:restart', 'web.1', '-a', 'shop'],
    )
    assert.equal(code, 0)
    assert.deepEqual(api.body('POST /tasuki/apps/shop/restart'), { instance: 'web.1' })
    assert.equal(asked, 3)
  })
})

describe('the config', () => {
  const vars = { A: '1', LONG_NAME: "it's" }

  it('is shown for people, for a shell, and as JSON', async () => {
    const routes = { 'GET /apps/shop/config-vars': () => vars }
    assert.equal((await against(routes, ['config', '-a', 'shop'])).stdout, "A:         1\nLONG_NAME: it's\n")
    assert.equal(
      (await against(routes, ['config', '-a', 'shop', '-s'])).stdout,
      "A='1'\nLONG_NAME='it'\\''s'\n",
    )
    assert.deepEqual(JSON.parse((await against(routes, ['config', '-a', 'shop', '--json'])).stdout), vars)
  })

  it('is checked before anything is sent', async () => {
    const results = [
      await against({}, ['config:set', 'NOVALUE', '-a', 'shop']),
      await against({}, ['config:set', '1A=2', '-a', 'shop']),
      await against({}, ['config:set', 'PORT=80', '-a', 'shop']),
    ]
    assert.deepEqual(
      results.map(({ code, calls }) => [code, calls]),
      [
        [2, []],
        [2, []],
        [2, []],
      ],
    )
  })

  it('makes no release when nothing changes', async () => {
    const routes = {
      'GET /apps/shop/releases': () => [{ id: 'x', version: 7, status: 'succeeded' }],
      'PATCH /apps/shop/config-vars': () => vars,
    }
    const { code, stdout, api } = await against(routes, ['config:unset', 'GONE', 'AWAY', '-a', 'shop'])
    assert.deepEqual([code, stdout], [0, 'GONE, AWAY: not set; no new release.\n'])
    assert.deepEqual(api.body('PATCH /apps/shop/config-vars'), { GONE: null, AWAY: null })
  })
})
