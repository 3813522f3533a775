import assert from 'node:assert/strict'
import { it } from 'node:test'
import { cli } from './testing/run-cli.ts'

it('says where the app is to be named when it stands behind the command of a run', async () => {
  await using tasuki = await cli()
  const { code, stderr } = await tasuki.run(['run', 'echo hi', '-a', 'shop'])
  assert.equal(code, 2)
  assert.match(stderr, /Put `-a APP` before the command/)
})
