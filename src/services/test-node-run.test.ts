import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { sizeOf } from '../domain/size.ts'
import { type Bench, makeBench } from '../runtime/process/testing.ts'
import { afterTest } from '../store/testing.ts'
import { type NodePlan, runNode } from './test-node-run.ts'
import type { NodeScripts } from './test-node-script.ts'

const log = { info: () => undefined, warn: () => undefined, error: () => undefined }

interface Told {
  setup: string
  test: string
}

async function bench(t: TestContext): Promise<Bench> {
  const made = await makeBench()
  afterTest(t, () => made.close())
  return made
}

/** Runs a node on real processes; `during` may act once its tests have said something. */
async function ran(
  { runtime }: Bench,
  scripts: Partial<NodeScripts>,
  more: { seconds?: number; signal?: AbortSignal; during?: (told: Told) => void } = {},
) {
  const told: Told = { setup: '', test: '' }
  const begun: string[] = []
  const writer = (which: keyof Told) => ({
    write: (text: string) => {
      told[which] += text
      if (which === 'test') more.during?.(told)
    },
    end: async () => undefined,
  })
  const plan: NodePlan = {
    instance: {
      id: `test-1-0-${Math.random().toString(16).slice(2, 10)}`,
      kind: 'one-off',
      appId: 'pipeline',
      appName: 'line',
      type: 'test',
      name: 'test-1.0',
      release: 0,
      generation: 0,
      artifact: 'sha256:one',
      env: { CI: 'true', PATH: 'bin' },
      commit: null,
      size: sizeOf('Eco'),
    },
    scripts: { setup: null, test: 'true', teardown: null, ...scripts },
    seconds: more.seconds ?? 60,
    setupOutput: writer('setup'),
    output: writer('test'),
    begun: async () => void begun.push(told.setup),
  }
  const signal = more.signal ?? new AbortController().signal
  const end = await runNode({ runtime, oneOffs: runtime, log }, plan, signal)
  assert.deepEqual(await runtime.list(), [], 'nothing is left of the node')
  return { end, told, begun }
}

test('setup, tests and teardown run one after the other in a copy that they may write to', async (t) => {
  const made = await bench(t)
  writeFileSync(join(made.artifact, 'given.txt'), 'given\n')
  const { end, told, begun } = await ran(made, {
    setup: 'echo preparing; echo warned >&2; cp given.txt made.txt',
    test: 'cat made.txt; case $PATH in "$PWD/bin:"*) echo "path moved" ;; esac; echo "ok 1 - \'works\'"; exit 3',
    teardown: 'echo tidying; false',
  })
  assert.deepEqual(told, {
    setup: 'preparing\nwarned\n',
    test: "given\npath moved\nok 1 - 'works'\ntidying\nThe teardown ended with status 1.\n",
  })
  assert.deepEqual(begun, ['preparing\nwarned\n'])
  assert.deepEqual([end.status, end.exitCode, end.note], ['failed', 3, null])
  assert.deepEqual(
    end.cases.map(({ name, passed }) => [name, passed]),
    [["'works'", true]],
  )
})

test('a setup that fails ends the node with an error, after its teardown', async (t) => {
  const { end, told, begun } = await ran(await bench(t), {
    setup: 'echo no; exit 4',
    test: 'echo never',
    teardown: 'echo tidied',
  })
  assert.equal(told.test, 'tidied\n !     The test setup ended with status 4.\n')
  assert.deepEqual(begun, [])
  assert.deepEqual([end.status, end.exitCode, end.errorStatus], ['errored', 4, 'building'])
})

test('JUnit reports that the tests have written count, and files that were there before do not', async (t) => {
  const made = await bench(t)
  const report = (name: string) => `<testsuite name="s"><testcase name="${name}"/></testsuite>`
  writeFileSync(join(made.artifact, 'fixture.xml'), report('old'))
  const { end, told } = await ran(made, {
    setup: 'touch -d "1 hour ago" fixture.xml',
    test: `mkdir out; echo '${report('in the app')}' > out/a.xml; echo '${report('where it is wished')}' > $TASUKI_TEST_RESULTS/b.xml
      echo '<other/>' > c.xml; ln -s /etc/passwd d.xml; echo "ok 1 - the same once more"`,
  })
  assert.deepEqual(
    end.cases.map(({ name }) => name),
    ['s > in the app', 's > where it is wished'],
  )
  assert.equal(told.test, 'ok 1 - the same once more\n', 'reports are no part of the output')
})

test('what takes too long is ended, with what it left running, and its teardown runs', async (t) => {
  const { end, told } = await ran(
    await bench(t),
    { test: 'sleep 1000 & sleep 1000', teardown: 'echo tidied' },
    { seconds: 1 },
  )
  assert.deepEqual([end.status, end.exitCode, end.errorStatus], ['errored', 124, 'running'])
  assert.match(told.test, /tidied\n !\s+The tests did not end within 1 seconds/)
})

test('one that is cancelled ends early, and tells the cases that it has told', async (t) => {
  const cancel = new AbortController()
  const { end, told } = await ran(
    await bench(t),
    { test: 'echo "ok 1 - quick"; sleep 1000', teardown: 'echo tidied' },
    { signal: cancel.signal, during: ({ test: text }) => text.includes('quick') && cancel.abort() },
  )
  assert.deepEqual([end.status, end.exitCode, end.cases.length], ['cancelled', null, 1])
  assert.match(told.test, /tidied/)
})

test('a node that is killed from outside has errored', async (t) => {
  const { end } = await ran(await bench(t), { test: 'kill -9 $PPID' })
  assert.deepEqual([end.status, end.note], ['errored', 'The test node was killed.'])
})
