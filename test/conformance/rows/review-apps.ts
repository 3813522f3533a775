import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Clone } from '../../../src/git/testing.ts'
import type { Lane } from '../harness/row.ts'

const SOURCE = {
  'package.json': '{ "name": "looked-at", "private": true }',
  'app.json': JSON.stringify({ environments: { review: { formation: { web: { quantity: 0 } } } } }),
  Procfile: 'web: node server.js\n',
  'server.js': 'setInterval(() => undefined, 1000)\n',
}

/** Apps for branches that are to be looked at. */
export const REVIEW_APPS: Lane = {
  name: 'review apps',
  by: 'plugin',
  prepare: async ({ server }) => {
    for (const [path, body] of [
      ['/apps', { name: 'looked-at' }],
      ['/pipelines', { name: 'looking' }],
      ['/pipeline-couplings', { app: 'looked-at', pipeline: 'looking', stage: 'staging' }],
    ] as const)
      assert.equal((await server.call('POST', path, body)).status, 201)
  },
  rows: [
    {
      command: 'reviewapps:enable',
      verdict: 'works',
      note: 'For a repository of GitHub, or for branches that are pushed to one of the pipeline’s own apps.',
      core: true,
      check: async ({ heroku, get, thorough }) => {
        await heroku('reviewapps:enable -p looking --autodeploy --autodestroy')
        const config = await get('/pipelines/looking/review-app-config')
        assert.deepEqual(
          [config.automatic_review_apps, config.destroy_stale_apps, config.wait_for_ci],
          [true, true, false],
        )
        if (thorough) await heroku('reviewapps:enable -p looking --wait-for-ci')
      },
    },
    {
      command: 'reviewapps:create',
      verdict: 'works',
      check: async ({ heroku, get, server, cli }) => {
        await heroku('reviewapps:disable -p looking --no-autodeploy --no-wait-for-ci')
        const clone = new Clone(join(cli.home, 'looked-at'), { HOME: cli.home })
        await mkdir(clone.directory)
        await clone.must('init', '-q', '-b', 'sale')
        await clone.commit(SOURCE)
        const address = `http://x:${await server.token()}@${server.api}/looked-at.git`
        await clone.must('push', '-q', address, 'sale')
        await heroku('reviewapps:create -p looking -b sale')
        const [made] = await get('/pipelines/looking/review-apps')
        assert.deepEqual([made.branch, made.status], ['sale', 'created'])
      },
    },
    {
      command: 'reviewapps:disable',
      verdict: 'works',
      check: async ({ heroku, server }) => {
        await heroku('reviewapps:disable -p looking')
        const { status } = await server.call('GET', '/pipelines/looking/review-app-config')
        assert.equal(status, 404)
      },
    },
  ],
}
