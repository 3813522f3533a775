import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Candidate, chooseHost, eligible } from './placement.ts'

const WEB = { appId: 'shop', type: 'web', generation: 2 }
type On = Candidate['instances'][number]

function host(
  name: string,
  more: Partial<Candidate> & { labels?: string[]; state?: 'draining' } = {},
): Candidate {
  const { labels = ['web'], state = 'active', ...rest } = more
  return { host: { name, labels, state }, reachable: true, instances: [], ...rest }
}

const on = (more: Partial<On> = {}): On => ({ ...WEB, state: 'running', ...more })

describe('an instance goes to the host', () => {
  const chosen = (...candidates: Candidate[]) => chooseHost(candidates, 'web', WEB).host.name

  const old = on({ generation: 1 })

  it('with the fewest of its app and type', () => {
    const busy = Array.from({ length: 9 }, () => on({ appId: 'other' }))
    assert.equal(chosen(host('a', { instances: [on()] }), host('b', { instances: busy })), 'b')
  })

  it('else with the fewest of its generation', () => {
    assert.equal(chosen(host('a', { instances: [on()] }), host('b', { instances: [old] })), 'b')
  })

  it('on which room has been made for it', () => {
    const hosts = [host('a', { instances: [on()] }), host('b', { instances: [old, old] })]
    assert.equal(chooseHost(hosts, 'web', { ...WEB, quantity: 4 }).host.name, 'a')
  })

  it('that does not have its share yet', () => {
    const hosts = [host('a', { instances: [old, old] }), host('b', { instances: [on()] })]
    assert.equal(chooseHost(hosts, 'web', { ...WEB, quantity: 2 }).host.name, 'a')
  })

  it('where one of the ports that it can be at is free', () => {
    const at = (port: number, more: Partial<On> = {}) => on({ address: { host: '10.0.0.1', port }, ...more })
    const what = { ...WEB, generation: 3, quantity: 2, knownPorts: [8000, 8001] }
    const full = host('a', { instances: [at(8000), at(8001)] })
    const taken = host('b', { instances: [at(8000, { generation: 3 })] })
    assert.equal(chooseHost([full, taken], 'web', what).host.name, 'b')
    const strange = at(8000, { appId: 'other' })
    const onItsWay = on({ generation: 3, address: null })
    const busy = host('b', { instances: [strange, onItsWay] })
    const free = host('c', { instances: [at(8000), at(12_000), at(8001, { state: 'exited' }), at(12_001)] })
    assert.equal(chooseHost([full, busy, free], 'web', what).host.name, 'c')
    assert.equal(chooseHost([full, busy], 'web', what).host.name, 'a', 'whoever starts it says what is wrong')
  })

  it('else with the fewest of its app', () => {
    const worker = on({ type: 'worker' })
    assert.equal(chosen(host('a', { instances: [worker, worker] }), host('b', { instances: [worker] })), 'b')
  })

  it('else with the fewest of all, and else the first by name', () => {
    const other = on({ appId: 'other' })
    assert.equal(chosen(host('a', { instances: [other] }), host('b')), 'b')
    assert.equal(chosen(host('h10'), host('h9')), 'h9')
  })

  it('that has the label, answers, and is not being drained', () => {
    const hosts = [
      host('a', { labels: ['api'] }),
      host('b', { reachable: false }),
      host('c', { state: 'draining' }),
      host('d'),
    ]
    assert.equal(chooseHost(hosts, 'web', WEB).host.name, 'd')
    assert.deepEqual(
      eligible(hosts, null).map((one) => one.host.name),
      ['a', 'd'],
    )
  })

  it('not counting what has ended', () => {
    const ended = on({ state: 'exited' })
    assert.equal(chosen(host('a', { instances: [ended, ended] }), host('b', { instances: [on()] })), 'a')
  })
})

describe('without a host', () => {
  const message = (hosts: Candidate[], label: string | null) => {
    try {
      chooseHost(hosts, label, WEB)
    } catch (error) {
      return [(error as { code: string }).code, `${error}`]
    }
    throw new Error('A host was chosen.')
  }

  it('the refusal says which do not do, and why', () => {
    const hosts = [
      host('a', { reachable: false }),
      host('b', { state: 'draining' }),
      host('c', { labels: [] }),
    ]
    assert.deepEqual(message(hosts, 'web'), [
      'no_host',
      'TasukiError: No host with the label web takes instances now: a does not answer, b is being drained.',
    ])
  })

  it('one that has been silent for a moment only is waited for', () => {
    const silent = (silentFor: number) => [{ ...host('a', { reachable: false }), silentFor }]
    assert.equal(message(silent(3000), 'web')[0], 'host_unreachable')
    assert.equal(message(silent(30_000), 'web')[0], 'no_host')
  })

  it('the refusal says when no host has the label, or there is none at all', () => {
    assert.match(message([host('a')], 'db')[1]!, /There is no host with the label db/)
    assert.match(message([], null)[1]!, /There is no host\./)
  })
})

it('instances of one set are spread so evenly that no two hosts differ by more than one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 0, max: 40 }), (hosts, count) => {
      const all = Array.from({ length: hosts }, (_, at) => ({
        ...host(`h${at}`),
        instances: [] as On[],
      }))
      for (let made = 0; made < count; made += 1) chooseHost(all, null, WEB).instances.push(on())
      const sizes = all.map(({ instances }) => instances.length)
      assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1)
    }),
  )
})
