import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostname, isBelow, wildcardsOver } from './hostname.ts'

test('a hostname is taken as DNS has it', () => {
  for (const [given, name] of [
    ['www.example.org', 'www.example.org'],
    ['WWW.Example.ORG.', 'www.example.org'],
    ['*.example.org', '*.example.org'],
    ['münchen.example', 'xn--mnchen-3ya.example'],
    ['日本語。jp', 'xn--wgv71a119e.jp'],
    ['xn--mnchen-3ya.example', 'xn--mnchen-3ya.example'],
    ['1.example.org', '1.example.org'],
    [`${'a'.repeat(63)}.example.org`, `${'a'.repeat(63)}.example.org`],
  ] as const)
    assert.equal(hostname(given), name)
})

test('what is no hostname is refused', () => {
  const long = Array.from({ length: 5 }, () => 'a'.repeat(60)).join('.')
  for (const given of [
    ...['', '.', '*', '*.', '*.org', 'localhost', 'example..org', '.example.org', 'a_b.example.org'],
    ...['127.0.0.1', '0x7f.1', '1.2.3.4.', '017700000001', '::1', '[::1]', '10.1', 'example.123'],
    ...['http://example.org', 'example.org/', 'example.org:80', 'user@example.org', 'a b.example.org'],
    ...['-a.example.org', 'a-.example.org', 'a.*.example.org', '*a.example.org', 'a%2eb.example.org'],
    ...['exa\u0000mple.org', 'exa\nmple.org', `${'a'.repeat(64)}.example.org`, long],
  ])
    assert.throws(() => hostname(given), { code: 'invalid_params' }, given)
})

test('what lies below a domain, and which wildcards could cover it', () => {
  assert.equal(isBelow('a.b.test', 'b.test'), true)
  assert.equal(isBelow('b.test', 'b.test'), false)
  assert.equal(isBelow('ab.test', 'b.test'), false)
  assert.deepEqual(wildcardsOver('a.b.test'), ['*.b.test', '*.test'])
  assert.deepEqual(wildcardsOver('*.b.test'), ['*.b.test', '*.test'])
})
