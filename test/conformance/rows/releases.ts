import assert from 'node:assert/strict'
import type { Row } from '../harness/row.ts'
import { shop } from './running.ts'

/** The ledger, on the app that `RUNNING` has deployed. */
export const RELEASES: readonly Row[] = [
  {
    command: 'releases, releases:info',
    verdict: 'works',
    note: 'Until its rollout has ended, a release is said to execute its release command.',
    core: true,
    check: async ({ heroku, thorough }) => {
      const { stdout } = await heroku('releases -a shop')
      assert.match(stdout, /Current: v2$/m)
      assert.match(stdout, /v2 +Deploy [0-9a-f]{7,} +admin@test +\d{4}\//)
      if (!thorough) return
      const info = await heroku('releases:info v2 -a shop')
      assert.match(info.stdout, /By: +admin@test/)
    },
  },
  {
    command: 'releases:output',
    verdict: 'works',
    core: true,
    check: async ({ heroku }) => {
      assert.match((await heroku('releases:output v2 -a shop')).stdout, /^release phase of release v2$/m)
    },
  },
  {
    command: 'rollback, releases:rollback',
    verdict: 'works',
    note: 'Artifact and config come back, through a health-checked rollout.',
    core: true,
    check: async (subject) => {
      const { heroku, get, thorough } = subject
      await shop(subject).config({ COLOUR: 'green' })
      const { stderr } = await heroku('rollback -a shop')
      assert.match(stderr, /Rolling back ⬢? ?shop to v2\.\.\. done, v4/)
      assert.equal((await shop(subject).settled())?.status, 'succeeded')
      assert.equal((await get('/apps/shop/config-vars')).COLOUR, undefined)
      if (thorough) assert.match((await heroku('releases:info v4 -a shop')).stdout, /Rollback to v2/)
    },
  },
  {
    command: 'releases:retry',
    verdict: 'works',
    check: async (subject) => {
      const { stdout } = await subject.heroku('releases:retry -a shop')
      assert.match(stdout, /release phase of release v5/)
      assert.equal((await shop(subject).settled())?.status, 'succeeded')
    },
  },
]
