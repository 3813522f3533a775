import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { ContainerFacts } from '../domain/host-facts.ts'
import type { RuntimeInstance } from '../domain/instance.ts'
import type { HostView } from './hosts.ts'
import { ALICE, type World, world } from './testing.ts'

const KEY = `SHA256:${'a'.repeat(43)}`
const OTHER = `SHA256:${'b'.repeat(43)}`

async function withHost(context: TestContext): Promise<{ here: World; host: HostView }> {
  const here = await world(context)
  here.fleet.machine('h1', { hostKey: KEY })
  const host = await here.services.hosts.add(
    { url: 'ssh://deploy@h1', name: 'h1', privateAddress: '10.0.0.11' },
    ALICE,
  )
  return { here, host }
}

function instance(host: string, port: number): RuntimeInstance {
  return {
    ...{
      id: 'web-1-a',
      kind: 'formation',
      appId: 'a1',
      type: 'web',
      name: 'web.1',
      release: 1,
      generation: 1,
    },
    ...{ size: 'Eco', host, unreachable: false, state: 'running', address: { host: '10.0.0.11', port } },
    ...{ privateAddress: null, pid: 1, startedAt: 0, signalledAt: null, exit: null },
  }
}

describe('a check of a host', () => {
  it('asks at the instances that are there whether the router reaches it', async (context) => {
    const { here, host } = await withHost(context)
    here.instances.push(instance('h1', 21_000), { ...instance('h1', 21_001), state: 'exited' })
    const findings = await here.services.hostChecks.check(host)
    assert.deepEqual(here.examiner.asked, [{ host: '10.0.0.11', port: 21_000 }])
    assert.ok(findings.every(({ level, about }) => level === 'ok' && about === 'host h1'))
  })

  it('says what is missing', async (context) => {
    const { here, host } = await withHost(context)
    here.examiner.facts.set('h1', { docker: { trouble: 'nobody takes connections on its socket' } })
    const wrong = (await here.services.hostChecks.check(host)).filter(({ level }) => level !== 'ok')
    assert.deepEqual(
      wrong.map(({ code }) => code),
      ['docker_silent'],
    )
  })

  it('looks closer for a doctor: at containers as well', async (context) => {
    const { here, host } = await withHost(context)
    const container: ContainerFacts = {
      ...{ name: 'web-1-a', own: true, app: 'shop', user: '', privileged: false, image: 'x', imageId: 'y' },
      ...{ tagLeadsTo: null, published: [{ address: '0.0.0.0', port: 21_000 }] },
    }
    here.examiner.facts.set('h1', { containers: [container] })
    const codes = (await here.services.hostChecks.examine(host)).map(({ code }) => code)
    assert.ok(codes.includes('runs_as_root') && codes.includes('published_publicly'))
    assert.ok(!(await here.services.hostChecks.check(host)).some(({ code }) => code === 'runs_as_root'))
  })
})

describe('the key of a host', () => {
  it('is told as it is pinned and as it is shown', async (context) => {
    const { here, host } = await withHost(context)
    here.examiner.keys.set('h1', OTHER)
    assert.deepEqual(await here.services.hostTrust.keys(host), { pinned: KEY, shown: OTHER })
  })

  it('is another from when somebody says that it is right, and the host is connected to with that', async (context) => {
    const { here, host } = await withHost(context)
    here.examiner.keys.set('h1', OTHER)
    await here.services.hostTrust.trust(host, `${OTHER}=`, ALICE)
    assert.equal((await here.services.hosts.get('h1')).hostKey, OTHER)
    assert.equal(here.fleet.told.get(host.id)?.hostKey, OTHER)
  })

  it('stays as it is when the host shows another than the one that is trusted, or does not answer', async (context) => {
    const { here, host } = await withHost(context)
    await assert.rejects(here.services.hostTrust.trust(host, OTHER, ALICE), { code: 'host_unreachable' })
    here.examiner.keys.set('h1', KEY)
    await assert.rejects(here.services.hostTrust.trust(host, OTHER, ALICE), { code: 'conflict' })
    assert.equal((await here.services.hosts.get('h1')).hostKey, KEY)
    assert.equal(here.fleet.told.get(host.id)?.hostKey, KEY)
  })
})
