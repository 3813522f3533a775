import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Receipt } from '../../domain/rollout.ts'
import { LOSSY, RECEIPT } from '../../text/testing/sample-receipt.ts'
import { type Answer, eventStream, fakeApi } from '../testing/fake-api.ts'
import { JOURNAL, rolloutRecord, rolloutRoutes } from '../testing/fake-rollout.ts'
import { type Cli, cli } from '../testing/run-cli.ts'

const TARBALL = Buffer.from('not looked at by the command line')
const LOG = '-----> Node app\n       npm ci\n'
const BUILD = {
  id: 'b1',
  status: 'pending',
  output_stream_url: '/out',
  release: null,
  tasuki: { rollout_id: null, error: null },
}
const BUILT = {
  ...BUILD,
  status: 'succeeded',
  release: { id: 'rel7' },
  tasuki: { rollout_id: 'r1', error: null },
}

let tasuki: Cli
before(async () => {
  tasuki = await cli()
  await writeFile(join(tasuki.home, 'app.tgz'), TARBALL)
})
after(() => tasuki[Symbol.asyncDispose]())

function routesFor(receipt: Receipt, changes: Record<string, Answer> = {}): Record<string, Answer> {
  return {
    'GET /apps/shop': () => ({ name: 'shop' }),
    'POST /sources': () => ({ source_blob: { get_url: 'blob:1', put_url: '/put' } }),
    'PUT /put': (_, response) => void response.end(),
    'POST /apps/shop/builds': () => BUILD,
    'GET /out': (_, response) => void response.end(LOG),
    'GET /apps/shop/builds/b1': () => BUILT,
    'GET /apps/a1/dynos': () => [],
    ...rolloutRoutes(receipt),
    ...changes,
  }
}

async function deploy(routes: Record<string, Answer>, ...flags: string[]) {
  await using api = await fakeApi(routes)
  const args = ['deploy', 'app.tgz', '-a', 'shop', ...flags]
  const result = await tasuki.run(args, { env: { TASUKI_URL: api.url, TASUKI_TOKEN: 't' } })
  return { ...result, api }
}

describe('deploy', () => {
  it('uploads, shows the build, each step of the hand-over, the receipt and the timeline', async () => {
    const { code, stdout, stderr, api } = await deploy(routesFor(RECEIPT))
    assert.deepEqual([code, stderr], [0, ''])
    assert.ok(api.calls.find((call) => call.path === '/put')?.body.equals(TARBALL))
    assert.deepEqual(api.body('POST /apps/shop/builds'), { source_blob: { url: 'blob:1' } })
    const [live, receipt, ...rest] = stdout.split('\n\n')
    assert.equal(
      live,
      `Uploaded 33 B.
${LOG}Handing over from v6 to v7 of shop (rolling)
    0.0 s  web.1 v7  booting
    0.6 s  web.1 v7  checking
    1.0 s  web.1 v7  serving
    1.1 s  web.1 v6  draining
    1.2 s  web.1 v6  warm
   11.2 s  web.1 v6  stopping
   11.4 s  web.1 v6  stopped`,
    )
    assert.equal(receipt, '41,280 requests while v7 took over from v6 · 0 lost · p99 4.1 → 4.3 → 4.2 ms')
    assert.match(rest.at(-2) ?? '', /web\.1 v6 {2}█+▼─+×+·+\nweb\.1 v7 {2}░+▒+█+$/)
  })

  it('prints one JSON object with --json, and nothing else', async () => {
    const { code, stdout, stderr } = await deploy(routesFor(RECEIPT), '--json')
    const result = JSON.parse(stdout)
    assert.deepEqual([code, stderr], [0, ''])
    assert.deepEqual(result.receipt, RECEIPT)
    assert.deepEqual([result.rollout.status, result.build.id], ['succeeded', 'b1'])
  })

  it('exits with 8 when requests were lost, unless that is allowed', async () => {
    const lossy: Receipt = { ...LOSSY, outcome: 'succeeded', reason: null }
    const { code, stdout, stderr } = await deploy(routesFor(lossy))
    assert.equal(code, 8)
    assert.match(stdout, /7 lost/)
    assert.equal(
      stderr,
      'Error: 7 requests got no proper answer.\nNext: See `tasuki receipt` for the causes.\n',
    )
    assert.equal((await deploy(routesFor(lossy), '--allow-lost')).code, 0)
  })

  it('exits with 7 when the rollout was returned, and says why', async () => {
    const { code, stdout, stderr } = await deploy(routesFor(LOSSY))
    assert.equal(code, 7)
    assert.equal(stdout.split('\n  going back: web.1 crashed in the bake with exit code 1.\n').length, 2)
    assert.equal(
      stderr,
      'Error: v7 was taken back, v6 serves: web.1 crashed in the bake with exit code 1.\nNext: The earlier release serves on. Mend the cause and deploy again.\n',
    )
  })

  it('exits with 6 when the build failed, below its log', async () => {
    const error = { id: 'build_failed', message: 'npm ci exited with status 1.', next: 'Mend it.' }
    const failed = { ...BUILD, status: 'failed', tasuki: { rollout_id: null, error } }
    const { code, stdout, stderr } = await deploy(
      routesFor(RECEIPT, { 'GET /apps/shop/builds/b1': () => failed }),
    )
    assert.equal(code, 6)
    assert.equal(stdout, `Uploaded 33 B.\n${LOG}`)
    assert.equal(stderr, 'Error: npm ci exited with status 1.\nNext: Mend it.\n')
  })

  it('tells the error and its details as JSON', async () => {
    const { code, stdout } = await deploy(routesFor(LOSSY), '--json')
    const { error } = JSON.parse(stdout)
    assert.deepEqual([code, error.id, error.details.receipt.lost], [7, 'rollout_failed', 7])
  })

  it('returns at once with --detach', async () => {
    const { code, stdout, api } = await deploy(routesFor(RECEIPT), '--detach')
    assert.equal(code, 0)
    assert.match(stdout, /Building\. Look at it with `tasuki releases -a shop`/)
    assert.equal(api.lines().at(-1), 'POST /apps/shop/builds')
  })

  it('uploads nothing for an app that is not there, or from a path that is not there', async () => {
    const missing = await deploy({})
    assert.deepEqual([missing.code, missing.api.lines()], [4, ['GET /apps/shop']])
    await using api = await fakeApi(routesFor(RECEIPT))
    const nothing = await tasuki.run(['deploy', 'nowhere', '-a', 'shop'], { env: { TASUKI_URL: api.url } })
    assert.equal(nothing.code, 2)
    assert.match(nothing.stderr, /^Error: There is nothing at .*nowhere\./)
  })

  it('goes on where the connection broke, in the build log and in the rollout, telling nothing twice', async () => {
    let logs = 0
    let streams = 0
    const record = rolloutRecord(RECEIPT)
    const routes = routesFor(RECEIPT, {
      'GET /out': (_, response) => {
        if (logs++ > 0) return void response.end(LOG)
        response.write(LOG.slice(0, 20))
        setTimeout(() => response.destroy(), 30)
      },
      'GET /apps/shop/builds/b1': () => (logs > 1 ? BUILT : BUILD),
      'GET /tasuki/rollouts/r1/events': (_, response) => {
        const send = eventStream(response)
        send('output', { text: 'migrated\n' })
        for (const entry of JOURNAL.slice(0, 4)) send('journal', entry)
        if (streams++ === 0) return void setTimeout(() => response.destroy(), 30)
        for (const entry of JOURNAL.slice(4)) send('journal', entry)
        send('end', record)
        response.end()
      },
    })
    const { code, stdout } = await deploy(routes)
    assert.equal(code, 0)
    assert.equal(stdout.split('npm ci').length, 2)
    assert.equal(stdout.split('migrated').length, 2)
    assert.equal(stdout.split('booting').length, 2)
    assert.equal(stdout.split('The connection to the server broke').length, 2)
  })

  it('says what takes its time while an image is brought to its hosts', async () => {
    const said = Promise.withResolvers<void>()
    const prepare = { ...JOURNAL[0]!, kind: 'prepare' as const, note: 'fetch everything first' }
    await using api = await fakeApi(
      routesFor(RECEIPT, {
        'GET /tasuki/rollouts/r1/events': async (_, response) => {
          const send = eventStream(response)
          send('journal', { ...prepare, state: 'intent' })
          await said.promise
          send('journal', { ...prepare, state: 'done' })
          for (const entry of JOURNAL.slice(1)) send('journal', entry)
          send('end', rolloutRecord(RECEIPT))
          response.end()
        },
      }),
    )
    const { code, stdout } = await tasuki.run(['deploy', 'app.tgz', '-a', 'shop'], {
      env: { TASUKI_URL: api.url },
      started: ({ stdout }) =>
        stdout?.on(
          'data',
          (text: Buffer) => text.includes('  preparing: what it runs from') && said.resolve(),
        ),
    })
    assert.equal(code, 0)
    assert.equal(stdout.split('preparing').length, 2)
  })

  it('leaves the deploy running on Ctrl-C, and says how to look at it', async () => {
    const began = Promise.withResolvers<void>()
    await using api = await fakeApi(
      routesFor(RECEIPT, {
        'GET /tasuki/rollouts/r1/events': (_, response) => {
          eventStream(response)('journal', JOURNAL[1])
          began.resolve()
        },
      }),
    )
    const { code, stderr } = await tasuki.run(['deploy', 'app.tgz', '-a', 'shop'], {
      env: { TASUKI_URL: api.url },
      started: (child) => void began.promise.then(() => child.kill('SIGINT')),
    })
    assert.equal(code, 130)
    assert.equal(
      stderr,
      '\nThe rollout goes on. Look at it with `tasuki rollouts -a shop` and `tasuki timeline -a shop`.\n',
    )
  })
})

describe('commands that begin a rollout', () => {
  const release = {
    id: 'rel7',
    version: 7,
    description: 'Rollback to v5',
    status: 'pending',
    tasuki: { rollout_id: 'r1' },
  }

  it('follow it: rollback, config:set, ps:restart', async () => {
    let changed = false
    await using api = await fakeApi({
      ...rolloutRoutes(RECEIPT),
      'POST /tasuki/apps/shop/rollback': () => release,
      'POST /tasuki/apps/shop/restart': () => ({ rollout_id: 'r1' }),
      'GET /apps/shop/releases': () => (changed ? [release] : []),
      'PATCH /apps/shop/config-vars': () => {
        changed = true
        return { A: '1' }
      },
    })
    const env = { TASUKI_URL: api.url, TASUKI_APP: 'shop' }
    for (const args of [['rollback', 'v5'], ['config:set', 'A=1'], ['ps:restart']]) {
      const { code, stdout } = await tasuki.run(args, { env })
      assert.equal(code, 0, args.join(' '))
      assert.match(
        stdout,
        /web\.1 v7 {2}serving\n(.*\n)*\n41,280 requests while v7 took over/,
        args.join(' '),
      )
    }
    assert.deepEqual(api.body('POST /tasuki/apps/shop/rollback'), { to: 'v5' })
  })
})

describe('what is kept of rollouts', () => {
  const routes = {
    'GET /apps/shop/releases': () => [
      {
        version: 6,
        status: 'succeeded',
        current: false,
        created_at: '2026-01-02T03:04:05Z',
        description: 'Deploy aa',
      },
      {
        version: 7,
        status: 'failed',
        current: false,
        created_at: '2026-01-02T03:04:05Z',
        description: 'Deploy bb',
        commit: '0123456789',
      },
    ],
    'GET /tasuki/apps/shop/rollouts': () => [
      rolloutRecord(LOSSY),
      rolloutRecord(null, { id: 'r0', generation: 8, to: 8 }),
    ],
    'GET /tasuki/rollouts/r1/journal': () => JOURNAL,
    'GET /tasuki/apps/shop/receipts/7': () => JSON.parse(JSON.stringify(rolloutRecord(LOSSY).receipt)),
  }

  async function show(...args: string[]) {
    await using api = await fakeApi(routes)
    return await tasuki.run(args, { env: { TASUKI_URL: api.url, TASUKI_APP: 'shop' } })
  }

  it('is listed newest first', async () => {
    const releases = await show('releases')
    assert.match(
      releases.stdout,
      /\nv7 +failed +\d+ d ago +01234567 +Deploy bb\nv6 +succeeded +\d+ d ago +Deploy aa\n$/,
    )
    const rollouts = await show('rollouts')
    assert.match(
      rollouts.stdout,
      /\n {2}8 +v6 → v8 .*running.*\n {2}7 +v6 → v7 +rolling +returned +\d+ d ago +12\.0 s +41,280 +7 +web\.1 crashed/,
    )
  })

  it('is shown whole: a receipt by its release, a timeline by its release', async () => {
    const receipt = await show('receipt', 'v7')
    assert.match(receipt.stdout, /^41,280 requests while v7 was tried and v6 taken back · 7 lost/)
    const timeline = await show('timeline', 'v7')
    assert.match(timeline.stdout, /^v6 to v7, rolling, returned: web\.1 crashed/)
    const missing = await show('timeline', 'v3')
    assert.deepEqual([missing.code, missing.stderr.split('\n')[0]], [4, 'Error: shop has no rollout to v3.'])
  })
})
