import assert from 'node:assert/strict'
import { sourceFrom, until } from '../../harness/index.ts'
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
      command: 'pipelines:promote to a stage that asks for approval',
      verdict: 'works',
      note: 'It waits, with its targets pending, until somebody has approved or rejected.',
      check: async ({ heroku, server, get }) => {
        const rules = (approvals: number) =>
          server.call('PATCH', '/tasuki/pipelines/line/stages/production', { approvals, allow_self: true })
        await rules(1)
        const promoting = heroku('pipelines:promote -a early')
        const { id } = await until('the promotion to wait', async () => (await get('/tasuki/approvals'))[0])
        await server.call('POST', `/tasuki/approvals/${id}/approve`)
        assert.match((await promoting).stdout, /^late: succeeded$/m)
        await rules(0)
      },
    },
    {
      command: 'pipelines:transfer',
      verdict: 'works',
      note: 'To a user; there are no teams.',
      check: async ({ heroku, server, get }) => {
        await server.call('POST', '/tasuki/users', { email: 'heir@test' })
        await heroku('pipelines:transfer heir@test -p line --confirm line')
        assert.match((await heroku('pipelines:info line')).stdout, /owner: heir@test/)
        assert.equal((await get('/pipelines/line')).owner.type, 'user')
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
        assert.deepEqual(await get('/pipelines?eq[name]=track'), [])
      },
    },
  ],
}

async function stages({ get }: Subject): Promise<string[]> {
  const couplings: Coupling[] = await get('/pipelines/line/pipeline-couplings')
  return couplings.map(({ stage }) => stage).sort()
}
