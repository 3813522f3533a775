import assert from 'node:assert/strict'
import { sourceFrom } from '../../harness/index.ts'
import type { Lane, Subject } from '../harness/row.ts'
import { IDLE, STEADY } from '../harness/sources.ts'

interface Coupling {
  readonly stage: string
  readonly app: { readonly id: string }
}

/** Promoting what was built from app to app. */
export const PIPELINES: Lane = {
  name: 'pipelines',
  prepare: async ({ server }) => {
    for (const name of ['early', 'late']) await server.call('POST', '/apps', { name })
    const { code, stderr } = await server.cli([
      'deploy',
      await sourceFrom(server, STEADY, IDLE),
      '-a',
      'early',
    ])
    assert.equal(code, 0, stderr)
  },
  rows: [
    {
      command: 'pipelines, :create, :add, :info',
      verdict: 'works',
      core: true,
      check: async (subject) => {
        const { heroku, thorough } = subject
        await heroku('pipelines:create line -a early -s staging')
        await heroku('pipelines:add line -a late -s production')
        assert.deepEqual(await stages(subject), ['production', 'staging'])
        const { stdout } = await heroku('pipelines:info line')
        assert.match(stdout, /owner: admin@test/)
        assert.match(stdout, /early +staging/)
        if (thorough) assert.match((await heroku('pipelines')).stdout, /^line$/m)
      },
    },
    {
      command: 'pipelines:promote [--to]',
      verdict: 'works',
      note: 'The artifact goes on unrebuilt, through a health-checked rollout; a failed one is told as failed.',
      core: true,
      check: async ({ heroku, get }) => {
        const { stdout } = await heroku('pipelines:promote -a early')
        assert.match(stdout, /^late: succeeded$/m)
        const [from, to] = await Promise.all(['early', 'late'].map((app) => get(`/apps/${app}/releases`)))
        assert.equal(to.at(-1).slug.id, from.at(-1).slug.id)
      },
    },
    {
      command: 'pipelines:update, :remove, :rename',
      verdict: 'works',
      core: true,
      check: async (subject) => {
        const { heroku, thorough } = subject
        await heroku('pipelines:update -s development -a late')
        assert.deepEqual(await stages(subject), ['development', 'staging'])
        if (!thorough) return
        await heroku('pipelines:remove -a late')
        assert.deepEqual(await stages(subject), ['staging'])
      },
    },
    {
      command: 'pipelines:destroy',
      verdict: 'works',
      check: async ({ heroku, get }) => {
        await heroku('pipelines:rename line track')
        await heroku('pipelines:destroy track')
        assert.deepEqual(await get('/pipelines'), [])
      },
    },
    {
      command: 'ci, ci:run …; reviewapps',
      verdict: 'not',
      note: 'Not yet.',
      check: ({ refused }) => refused('ci -p line', /./),
    },
  ],
}

async function stages({ get }: Subject): Promise<string[]> {
  const [pipeline] = await get('/pipelines')
  const couplings: Coupling[] = await get(`/pipelines/${pipeline.id}/pipeline-couplings`)
  return couplings.map(({ stage }) => stage).sort()
}
