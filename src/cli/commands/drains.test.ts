import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fakeApi } from '../testing/fake-api.ts'
import { type Cli, cli } from '../testing/run-cli.ts'

let tasuki: Cli
before(async () => {
  tasuki = await cli()
})
after(() => tasuki[Symbol.asyncDispose]())

const DRAIN = {
  id: '01234567-89ab-cdef-0123-456789abcdef',
  token: 'd.01234567-89ab-cdef-0123-456789abcdef',
  url: 'https://me:secret@logs.example.com/in',
  tasuki: { sent: 1234, dropped: 5, failing: 'ECONNREFUSED' },
}

test('drains are listed with how they stand, their credentials with --json only', async () => {
  await using api = await fakeApi({ 'GET /apps/shop/log-drains': () => [DRAIN] })
  const env = { TASUKI_URL: api.url }
  const { stdout } = await tasuki.run(['drains', '-a', 'shop'], { env })
  assert.match(stdout, /https:\/\/…@logs\.example\.com\/in\s+d\.01234567\S+\s+1234\s+5\s+ECONNREFUSED/)
  assert.ok(!stdout.includes('secret'))
  assert.deepEqual(JSON.parse((await tasuki.run(['drains', '-a', 'shop', '--json'], { env })).stdout), [
    DRAIN,
  ])
})

test('a drain is added, with the authority that its service is known by', async () => {
  await using api = await fakeApi({ 'POST /apps/shop/log-drains': () => DRAIN })
  const file = join(tasuki.home, 'ca.pem')
  writeFileSync(file, 'PEM')
  const { stdout } = await tasuki.run(['drains:add', DRAIN.url, '--ca', file, '-a', 'shop'], {
    env: { TASUKI_URL: api.url },
  })
  assert.deepEqual(api.body('POST /apps/shop/log-drains'), { url: DRAIN.url, authority: 'PEM' })
  assert.match(stdout, /^The log of shop is sent to https:\/\/…@logs\.example\.com\/in, as d\./)
})

test('a drain is removed by its address', async () => {
  const path = `/apps/shop/log-drains/${encodeURIComponent(encodeURIComponent('syslog://logs.example.com:514'))}`
  await using api = await fakeApi({
    [`DELETE ${path}`]: () => ({ ...DRAIN, url: 'syslog://logs.example.com:514' }),
  })
  const { code, stdout } = await tasuki.run(
    ['drains:remove', 'syslog://logs.example.com:514', '-a', 'shop'],
    {
      env: { TASUKI_URL: api.url },
    },
  )
  assert.deepEqual(
    [code, stdout],
    [0, 'The log of shop is not sent to syslog://logs.example.com:514 any more.\n'],
  )
})
