import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { until } from '../test/harness/until.ts'

const HEAD = `
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
`

/** A project of its own that has the runner and these test files. */
function project(t: TestContext, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'tasuki-run-tests-'))
  t.after(() => rmSync(root, { recursive: true }))
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }')
  mkdirSync(join(root, 'scripts'))
  mkdirSync(join(root, 'src'))
  const scripts = [
    'run-tests.ts',
    'test-groups.ts',
    'test-phases.ts',
    'test-process.ts',
    'test-report.ts',
    'test-room.ts',
  ]
  for (const name of scripts) cpSync(join(import.meta.dirname, name), join(root, 'scripts', name))
  for (const [name, text] of Object.entries(files)) {
    const path = join(root, 'src', name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, HEAD + text)
  }
  return root
}

/** Runs it and gives its exit code and the lines of its output. */
function runTests(root: string, ...args: readonly string[]): { code: number | null; lines: string[] } {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const script = join(root, 'scripts', 'run-tests.ts')
  const flags = ['--disable-warning=ExperimentalWarning', script]
  const ran = spawnSync(process.execPath, [...flags, ...args], { env, encoding: 'utf8', timeout: 60_000 })
  return { code: ran.status, lines: ran.stdout.trimEnd().split('\n') }
}

const GOOD = "test('works', () => {})\n"
const BAD = `
describe('a group', () => {
  test('goes wrong', () => assert.equal(1, 2, 'one is not two'))
  test('works too', () => {})
})
`

test('a run ends with its failures, each with file and error, and with the count', (t) => {
  const { code, lines } = runTests(project(t, { 'good.test.ts': GOOD, 'bad.test.ts': BAD }))
  assert.equal(code, 1)
  const failed = lines.slice(lines.indexOf('── failed ──'))
  assert.match(failed.splice(6, 1)[0]!, /^ {4}at .+src\/bad\.test\.ts:6:\d+\)$/)
  assert.deepEqual(failed, [
    '── failed ──',
    '',
    '✖ a group › goes wrong',
    '  src/bad.test.ts:6',
    '    one is not two',
    '    1 !== 2',
    '',
    '2 passed, 1 failed, 0 skipped',
  ])
})

test('a file that ends before its tests do is a failure', (t) => {
  const { code, lines } = runTests(project(t, { 'good.test.ts': GOOD, 'dies.test.ts': 'process.exit(3)' }))
  assert.equal(code, 1)
  assert.equal(lines.at(-1), '1 passed, 1 failed, 0 skipped')
  assert.ok(lines.slice(lines.indexOf('── failed ──')).includes('  src/dies.test.ts:1'), lines.join('\n'))
})

test('a group whose end goes wrong is a failure, though each test in it works', (t) => {
  const group = `
describe('a group', () => {
  after(() => assert.fail('a process is left over'))
  test('works', () => {})
})
`
  const { code, lines } = runTests(project(t, { 'group.test.ts': group }))
  assert.equal(code, 1)
  assert.equal(lines.at(-1), '1 passed, 1 failed, 0 skipped')
  assert.ok(lines.includes('    a process is left over'), lines.join('\n'))
})

test('a run without failures has none to tell of, and names its slowest files', (t) => {
  const { code, lines } = runTests(project(t, { 'good.test.ts': GOOD }), 'unit', 'good')
  assert.equal(code, 0)
  assert.equal(lines.includes('── failed ──'), false)
  assert.match(
    lines.slice(lines.indexOf('── slowest files ──'))[2]!,
    /^ +\d+\.\d s, CPU +0\.[1-9] s {2}src\/good\.test\.ts$/,
  )
  assert.equal(lines.at(-1), '1 passed, 0 failed, 0 skipped')
})

test('a run can be repeated until something fails', (t) => {
  const third = `
import { appendFileSync, readFileSync } from 'node:fs'
test('works twice', () => {
  appendFileSync(new URL('./runs', import.meta.url), 'x')
  assert.ok(readFileSync(new URL('./runs', import.meta.url)).length < 3)
})
`
  const root = project(t, { 'third.test.ts': third })
  const { code, lines } = runTests(root, '--repeat', '10', 'unit')
  assert.equal(code, 1)
  assert.equal(readFileSync(join(root, 'src', 'runs'), 'utf8'), 'xxx')
  assert.ok(lines.includes('── failed in round 3 ──'))
  assert.equal(lines.at(-1), '2 passed, 1 failed, 0 skipped')
})

test('files that share a process are told of each for itself, also one that can not be loaded', (t) => {
  const files = {
    'domain/good.test.ts': GOOD,
    'domain/bad.test.ts': BAD,
    'domain/torn.test.ts': "import './none.ts'",
  }
  const { code, lines } = runTests(project(t, files))
  assert.equal(code, 1)
  assert.equal(lines.at(-1), '2 passed, 2 failed, 0 skipped')
  assert.ok(lines.includes('  src/domain/bad.test.ts:6'), lines.join('\n'))
  assert.ok(lines.includes('✖ src/domain/torn.test.ts can be loaded'), lines.join('\n'))
  assert.match(lines.slice(lines.indexOf('── slowest files ──'))[2]!, /src-domain-1 \(several files\)$/)
})

test('a run that is ended ends its tests, and takes its directories away', async (t) => {
  const endless = `
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
test('goes on', () => {
  writeFileSync(new URL('./begun', import.meta.url), JSON.stringify([process.pid, tmpdir()]))
  return new Promise(() => setInterval(() => {}, 1000))
})
`
  const root = project(t, { 'endless.test.ts': endless })
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const run = spawn(process.execPath, [join(root, 'scripts', 'run-tests.ts'), 'unit'], {
    env,
    stdio: 'ignore',
  })
  const begun = join(root, 'src', 'begun')
  const [pid, room] = await until('the test to begin', () => {
    const text = existsSync(begun) ? readFileSync(begun, 'utf8') : ''
    return text === '' ? null : (JSON.parse(text) as [number, string])
  })
  run.kill('SIGTERM')
  const [code] = await once(run, 'exit')
  assert.equal(code, 1)
  assert.equal(existsSync(room), false)
  await until('the test to be gone', () => !existsSync(`/proc/${pid}`))
})

test('what a run has left that was killed is taken away by the next one', (t) => {
  // No process has an id as high as that.
  const left = join(tmpdir(), 'tsk-99999999-left')
  mkdirSync(left)
  assert.equal(runTests(project(t, { 'good.test.ts': GOOD })).code, 0)
  assert.equal(existsSync(left), false)
})
