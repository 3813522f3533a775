import assert from 'node:assert/strict'
import { sourceFrom, TestApp, until } from '../../harness/index.ts'
import type { Lane, Subject } from '../harness/row.ts'
import { STEADY } from '../harness/sources.ts'
import { LOGS } from './logs.ts'
import { RELEASES } from './releases.ts'
import { RUNS } from './runs.ts'

/** An app with code: what runs of it, its releases and logs, one-off commands. */
export const RUNNING: Lane = {
  name: 'running apps',
  prepare: async (subject) => {
    const { server } = subject
    await server.call('POST', '/apps', { name: 'shop' })
    await shop(subject).mustDeploy(await sourceFrom(server, STEADY))
  },
  rows: [
    {
      command: 'ps',
      verdict: 'works',
      note: 'While a rollout goes on, both sets are shown.',
      core: true,
      check: async ({ heroku }) => {
        const { stdout } = await heroku('ps -a shop')
        assert.match(stdout, /^=== web \(Standard-1X\): node server\.js \(2\)$/m)
        assert.match(stdout, /^web\.1: up \d{4}\/\d\d\/\d\d /m)
      },
    },
    {
      command: 'ps:scale',
      verdict: 'works',
      note: 'Absolute, relative, with a size, and to show the formation.',
      core: true,
      check: async (subject) => {
        const { heroku } = subject
        assert.match(
          (await heroku('ps:scale worker=2 -a shop')).stderr,
          /now running worker at 2:Standard-1X/,
        )
        assert.match(
          (await heroku('ps:scale worker-1 -a shop')).stderr,
          /now running worker at 1:Standard-1X/,
        )
        assert.match((await heroku('ps:scale -a shop')).stdout, /web=2:Standard-1X worker=1:Standard-1X/)
        await up(subject, ['web.1', 'web.2', 'worker.1'])
      },
    },
    {
      command: 'ps:type',
      verdict: 'partly',
      note: 'The prices that it prints are its own: nothing costs anything here.',
      core: true,
      check: async ({ heroku, get }) => {
        const { stdout } = await heroku('ps:type worker=standard-2x -a shop')
        assert.match(stdout, /worker +Standard-2X +1 /)
        const formation: { type: string; size: { name: string } | string }[] =
          await get('/apps/shop/formation')
        assert.match(JSON.stringify(formation.find(({ type }) => type === 'worker')), /Standard-2X/)
      },
    },
    {
      command: 'ps:restart',
      verdict: 'works',
      note: 'Through the hand-over: no request is lost.',
      core: true,
      check: async (subject) => {
        const before = await ids(subject)
        await subject.heroku('ps:restart -d web.1 -a shop')
        await until('web.1 to be another', async () => !(await ids(subject)).includes(before[0] ?? ''))
        await shop(subject).settled()
      },
    },
    {
      command: 'ps:wait',
      verdict: 'works',
      core: true,
      check: async (subject) => {
        await subject.heroku('ps:restart -a shop')
        await subject.heroku('ps:wait -a shop')
        await shop(subject).settled()
      },
    },
    {
      command: 'ps:stop',
      verdict: 'partly',
      note: 'Ends a one-off; an instance of the formation is replaced by a fresh one, as nothing may be missing of it.',
      check: async (subject) => {
        await subject.heroku('ps:stop -d worker.1 -a shop')
        await shop(subject).settled()
        await up(subject, ['web.1', 'web.2', 'worker.1'])
      },
    },
    ...RELEASES,
    ...RUNS,
    ...LOGS,
    {
      command: 'ps:exec, :copy, :forward, :socks; ps:autoscale',
      verdict: 'not',
      note: 'Use `run`.',
      check: ({ refused }) => refused('ps:exec -a shop', /./),
    },
  ],
}

export function shop({ server }: Subject): TestApp {
  return TestApp.existing(server, 'shop')
}

/** Ids of what runs, by name. */
async function ids(subject: Subject): Promise<string[]> {
  const dynos = await shop(subject).dynos()
  return dynos.toSorted((a, b) => a.name.localeCompare(b.name)).map(({ id }) => id)
}

/** Waits until those run, and no others. */
async function up(subject: Subject, names: readonly string[]): Promise<void> {
  await until(`${names.join(', ')} to be up`, async () => {
    const dynos = await shop(subject).dynos()
    const found = dynos.map(({ name }) => name).sort()
    return found.join() === names.join() && dynos.every(({ state }) => state === 'up')
  })
}
