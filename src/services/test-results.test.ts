import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readJUnit } from './test-results-junit.ts'
import { TapReader } from './test-results-tap.ts'

function tap(text: string, most = 100) {
  const reader = new TapReader(most)
  // In small pieces, as a pipe may bring them.
  for (let at = 0; at < text.length; at += 7) reader.write(text.slice(at, at + 7))
  return reader.end()
}

test('TAP among other lines is read into cases, with directives and diagnostics', () => {
  const cases = tap(`> npm test
TAP version 13
ok 1 - adds
not ok 2 - subtracts
  ---
  duration_ms: 1.5
  error: '1 is not 2'
  ...
some warning
ok 3 - divides # SKIP not on this machine
not ok 4 - multiplies # TODO later
1..4
`)
  assert.deepEqual(
    cases.map(({ name, passed, directive }) => [name, passed, directive]),
    [
      ['adds', true, null],
      ['subtracts', false, null],
      ['divides', true, 'skip not on this machine'],
      ['multiplies', true, 'todo later'],
    ],
  )
  assert.match(cases[1]!.diagnostic!, /1 is not 2/)
  assert.equal(cases[1]!.ms, 1.5)
  assert.equal(cases[0]!.diagnostic, null)
})

test('of subtests each leaf is a case under the names of its suites, and a suite only when it fails by itself', () => {
  const cases = tap(`TAP version 13
# Subtest: cart
    # Subtest: adds
    ok 1 - adds
    # Subtest: removes
    not ok 2 - removes
    1..2
not ok 1 - cart
# Subtest: order
    ok 1 - is sent
    1..1
not ok 2 - order
  ---
  error: 'a hook failed'
  ...
1..2
`)
  assert.deepEqual(
    cases.map(({ name, passed }) => [name, passed]),
    [
      ['cart > adds', true],
      ['cart > removes', false],
      ['order > is sent', true],
      ['order', false],
    ],
  )
})

test('no more cases are taken than are wanted, and none of what is no TAP', () => {
  assert.equal(tap('ok 1 - a\nok 2 - b\nok 3 - c\n1..3\n', 2).length, 2)
  assert.deepEqual(tap('all is well\n2 passed\n'), [])
})

test('a JUnit report is read into cases', () => {
  const cases = readJUnit(`<?xml version="1.0"?>
<testsuites>
  <testsuite name="cart">
    <testcase classname="cart" name="adds &amp; keeps" time="0.25"/>
    <testcase name="removes"><failure message="1 is not 2">at cart.js:3</failure></testcase>
    <testsuite name="inner"><testcase classname="deep" name="works"><skipped message="slow"/></testcase></testsuite>
  </testsuite>
  <testsuite name="order"><testcase name="breaks"><error>boom</error></testcase></testsuite>
</testsuites>`)
  assert.deepEqual(cases, [
    { name: 'cart > adds & keeps', passed: true, directive: null, diagnostic: null, ms: 250 },
    {
      name: 'cart > removes',
      passed: false,
      directive: null,
      diagnostic: '1 is not 2\nat cart.js:3',
      ms: null,
    },
    { name: 'cart > inner > deep > works', passed: true, directive: 'skip slow', diagnostic: null, ms: null },
    { name: 'order > breaks', passed: false, directive: null, diagnostic: 'boom', ms: null },
  ])
})

test('a lone suite is a report, other XML and broken XML are none', () => {
  assert.equal(readJUnit('<testsuite name="a"><testcase name="b"/></testsuite>')?.[0]?.name, 'a > b')
  assert.equal(readJUnit('<html><body/></html>'), null)
  assert.equal(readJUnit('<testsuite'), null)
  assert.deepEqual(readJUnit('<testsuites/>'), [])
})
