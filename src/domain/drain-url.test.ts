import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drainUrl, withoutCredentials } from './drain-url.ts'

test('addresses of all four kinds are taken as they are', () => {
  for (const url of [
    'https://user:pass%20word@logs.example.com/path?key=1',
    'http://127.0.0.1:9000/',
    'http://localhost/x',
    'http://[::1]:80/x',
    'syslog://logs.example.com',
    'syslog+tls://logs.example.com:6514',
  ])
    assert.equal(drainUrl(` ${url}`), url)
})

test('what can not be an address of a drain is refused, without being repeated', () => {
  for (const url of [
    '',
    'nonsense',
    'ftp://logs.example.com',
    'file:///etc/passwd',
    'https://',
    'http://logs.example.com/secret',
    'syslog://user:secret@logs.example.com',
    'syslog://logs.example.com/secret',
    'syslog://logs.example.com:99999',
    'https://a:%zzsecret@logs.example.com/',
    'https://logs.example.com/a b',
    'https://logs.example.com/\r\nX-Evil: 1',
    `https://logs.example.com/${'x'.repeat(1000)}`,
  ])
    assert.throws(() => drainUrl(url), { code: 'invalid_params', message: /^((?!secret).)*$/ }, url)
})

test('for people an address goes without what may be secret', () => {
  assert.equal(
    withoutCredentials('https://me:secret@logs.example.com:8443/in?key=secret'),
    'https://…@logs.example.com:8443/in?…',
  )
  assert.equal(withoutCredentials('syslog+tls://logs.example.com:6514'), 'syslog+tls://logs.example.com:6514')
})
