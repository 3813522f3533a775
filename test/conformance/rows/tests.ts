import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Clone } from '../../../src/git/testing.ts'
import type { Ran } from '../../harness/index.ts'
import { flat, type Lane, type Subject } from '../harness/row.ts'

const GREEN = "require('node:test').test('it holds', () => {})\n"
const RED = "require('node:test').test('it holds', () => { throw new Error('it does not') })\n"

/** What is in the repository in which `ci:run` is called. */
const SOURCE = {
  'package.json': '{ "name": "proven", "private": true }',
  'app.json': JSON.stringify({ scripts: { test: 'node --test --test-reporter=tap' } }),
  'server.js': 'setInterval(() => undefined, 1000)\n',
  'it.test.js': GREEN,
}

/** Tests of what somebody has in a working tree, and of what was tested before. */
export const TESTS: Lane = {
  name: 'tests',
  by: 'plugin',
  prepare: async ({ cli, server }) => {
    const clone = cloneOf(cli)
    await mkdir(clone.directory)
    await clone.must('init', '-q', '-b', 'main')
    await clone.commit(SOURCE)
    for (const [path, body] of [
      ['/apps', { name: 'proven' }],
      ['/pipelines', { name: 'proving' }],
      ['/pipeline-couplings', { app: 'proven', pipeline: 'proving', stage: 'staging' }],
    ] as const)
      assert.equal((await server.call('POST', path, body)).status, 201)
  },
  rows: [
    {
      command: 'ci:run',
      verdict: 'works',
      note: 'Its exit code is that of the tests.',
      core: true,
      check: async (subject) => {
        const { stdout } = await inRepository(subject, 'ci:run -p proving', 0)
        assert.match(stdout, /^ok 1 - it holds$/m)
        assert.match(stdout, /#1 \S+:[0-9a-f]{7} succeeded/)
        if (!subject.thorough) return
        await cloneOf(subject.cli).commit({ 'it.test.js': RED })
        const red = await inRepository(subject, 'ci:run -p proving', 1)
        assert.match(red.stdout, /^not ok 1 - it holds$/m)
      },
    },
    {
      command: 'ci, ci:info, ci:last',
      verdict: 'works',
      note: 'Not `ci --watch`, which asks a host of its own: `tasuki ci:info` follows a run.',
      check: async ({ heroku }) => {
        assert.match((await heroku('ci -p proving')).stdout, /✓ +1 +\S+ +[0-9a-f]{7} +succeeded/)
        assert.match((await heroku('ci:info 1 -p proving')).stdout, /^ok 1 - it holds$/m)
        assert.match((await heroku('ci:last -p proving', 1)).stdout, /#2 \S+:[0-9a-f]{7} failed/)
      },
    },
    {
      command: 'ci:rerun',
      verdict: 'works',
      check: async (subject) => {
        await cloneOf(subject.cli).commit({ 'it.test.js': GREEN })
        const { stdout } = await inRepository(subject, 'ci:rerun 1 -p proving', 0)
        assert.match(stdout, /#3 \S+:[0-9a-f]{7} succeeded/)
      },
    },
    {
      command: 'ci:config, :get, :set, :unset',
      verdict: 'works',
      check: async ({ heroku }) => {
        await heroku('ci:config:set COLOUR=red SIZE=2 -p proving')
        assert.equal((await heroku('ci:config:get COLOUR -p proving')).stdout, 'red\n')
        await heroku('ci:config:unset COLOUR -p proving')
        assert.deepEqual(JSON.parse((await heroku('ci:config -p proving --json')).stdout), { SIZE: '2' })
      },
    },
    {
      command: 'ci:debug',
      verdict: 'not',
      note: 'Use `run` in an app of that commit, as its review app.',
      check: async (subject) => {
        const { stderr } = await inRepository(subject, 'ci:debug -p proving', 2)
        assert.match(flat(stderr), /can not be entered to look around/)
      },
    },
  ],
}

/**
 * A command in the repository. On a busy machine the command line takes the exit of Git for its answer when it hears of that
 * first, and asks for the commit `0`; then it is called again.
 */
async function inRepository(subject: Subject, line: string, code: number): Promise<Ran> {
  for (let left = 5; ; left -= 1)
    try {
      return await subject.heroku(line, code, { cwd: cloneOf(subject.cli).directory })
    } catch (error) {
      if (left === 0 || !String(error).includes("'git log 0 ")) throw error
    }
}

function cloneOf({ home }: Subject['cli']): Clone {
  return new Clone(join(home, 'repository'), { HOME: home })
}
