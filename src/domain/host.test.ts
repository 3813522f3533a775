import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  defaultHostName,
  hostAddress,
  hostLabel,
  hostLabels,
  hostName,
  hostUrl,
  privateAddressOf,
} from './host.ts'

const REFUSED = { code: 'invalid_params' }

describe('the URL of a host', () => {
  for (const [given, whole, name] of [
    ['ssh://deploy@10.0.0.11', 'ssh://deploy@10.0.0.11:22', '10.0.0.11'],
    ['ssh://deploy@10.0.0.11:2222/', 'ssh://deploy@10.0.0.11:2222', '10.0.0.11'],
    ['ssh://deploy@App-1.Example.org', 'ssh://deploy@app-1.example.org:22', 'app-1.example.org'],
    ['ssh://deploy@[fd00::11]:22', 'ssh://deploy@[fd00::11]:22', 'fd00--11'],
    ['unix:///var/run/docker.sock', 'unix:///var/run/docker.sock', 'local'],
  ] as const)
    it(`is ${whole} for ${given}, and the host is called ${name}`, () => {
      const address = hostAddress(given)
      assert.deepEqual([hostUrl(address), defaultHostName(address)], [whole, name])
      assert.deepEqual(hostAddress(hostUrl(address)), address)
      assert.equal(hostName(name), name)
    })

  for (const given of [
    '',
    '10.0.0.11',
    'ssh://10.0.0.11',
    'ssh://deploy@',
    'ssh://deploy@10.0.0.11/path',
    'ssh://deploy@10.0.0.11?x=1',
    'ssh://-oProxyCommand=x@10.0.0.11',
    'https://deploy@10.0.0.11',
    'unix://docker.sock',
    'unix:///var/run/docker.sock?x',
    'ssh://a b@10.0.0.11',
  ])
    it(`is not "${given}"`, () => assert.throws(() => hostAddress(given), REFUSED))

  it('has no password, and the refusal does not repeat it', () => {
    assert.throws(
      () => hostAddress('ssh://deploy:hunter2@10.0.0.11'),
      (error: Error) =>
        'code' in error && error.code === 'invalid_params' && !error.message.includes('hunter2'),
    )
  })
})

describe('the private address of a host', () => {
  it('is that of its URL unless told otherwise', () => {
    assert.equal(privateAddressOf(hostAddress('ssh://a@10.0.0.11'), null), '10.0.0.11')
    assert.equal(privateAddressOf(hostAddress('ssh://a@203.0.113.5'), '10.0.0.11'), '10.0.0.11')
    assert.equal(privateAddressOf(hostAddress('ssh://a@[fd00::11]'), null), 'fd00::11')
    assert.equal(privateAddressOf(hostAddress('unix:///var/run/docker.sock'), null), '127.0.0.1')
  })

  it('is to be looked up where the URL has a name', () => {
    assert.equal(privateAddressOf(hostAddress('ssh://a@app-1.example.org'), null), null)
  })

  for (const given of ['0.0.0.0', '::', '10.0.0', 'app-1.example.org', '10.0.0.11:22', '', '10.0.0.1/8'])
    it(`is not "${given}"`, () =>
      assert.throws(() => privateAddressOf(hostAddress('ssh://a@10.0.0.11'), given), REFUSED))
})

it('labels are told apart, put in order and counted once', () => {
  assert.deepEqual(hostLabels(['web', 'builder', 'web']), ['builder', 'web'])
  for (const bad of ['', 'a b', 'Web', '-x', 'x'.repeat(64)]) assert.throws(() => hostLabel(bad), REFUSED)
})

it('the name of a host is a word', () => {
  for (const bad of ['', 'a/b', 'A', '.', 'a.', 'ä']) assert.throws(() => hostName(bad), REFUSED)
})
