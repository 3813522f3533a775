import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Finding, sortedFindings } from './finding.ts'
import type { ContainerFacts, HostFacts, MachineFacts } from './host-facts.ts'
import { checkFindings, containerFindings, isPublic } from './host-findings.ts'

const GIB = 2 ** 30
const HOST = { name: 'h1', privateAddress: '10.0.0.11' }
const MACHINE: MachineFacts = {
  ...{
    user: 'tasuki',
    uid: 1000,
    groups: ['docker'],
    system: 'Debian',
    kernel: '6.1',
    addresses: ['10.0.0.11'],
  },
  memory: { totalBytes: 4 * GIB, availableBytes: 3 * GIB },
  disks: [{ path: '/', totalBytes: 40 * GIB, freeBytes: 30 * GIB, freeInodes: 0.9 }],
  ...{ clockAheadMs: 3, clockWithinMs: 2, socket: 'usable', hasDockerd: true },
}
const DOCKER = {
  ...{ version: '24.0.5', api: '1.43', root: '/var/lib/docker', storageDriver: 'overlay2' },
  ...{ liveRestore: true, limits: true, images: 3 },
}
const FINE: HostFacts = {
  ...{ refused: null, logins: ['publickey'], machine: MACHINE, docker: DOCKER, containers: [] },
  reach: { kind: 'reached', by: 'listener' },
}

function wrong(change: Partial<HostFacts>): Pick<Finding, 'code' | 'level'>[] {
  return checkFindings(HOST, { ...FINE, ...change })
    .filter(({ level }) => level !== 'ok')
    .map(({ code, level }) => ({ code, level }))
}

describe('a check of a host', () => {
  it('tells all that is as it should be', () => {
    const findings = checkFindings(HOST, FINE)
    assert.deepEqual(
      findings.map(({ code, level }) => `${code} ${level}`),
      ['login', 'disk', 'memory', 'clock', 'docker', 'images', 'reach', 'ssh_keys'].map(
        (code) => `${code} ok`,
      ),
    )
  })

  it('tells of a host that lets nobody in only why', () => {
    const refused = { code: 'host_refused', text: 'It does not let us in.', next: 'Add the key.' }
    assert.deepEqual(checkFindings(HOST, { ...FINE, refused }), [
      { code: 'host_refused', level: 'problem', about: 'host h1', text: refused.text, next: refused.next },
    ])
  })

  it('tells Docker that is missing from one that may not be used, is down, or is old', () => {
    const docker = { trouble: 'nobody takes connections on its socket' }
    const missing = { ...MACHINE, socket: 'missing', hasDockerd: false } as const
    assert.deepEqual(wrong({ docker, machine: missing }), [{ code: 'docker_missing', level: 'problem' }])
    const denied = { ...MACHINE, socket: 'denied' } as const
    assert.deepEqual(wrong({ docker, machine: denied }), [{ code: 'docker_denied', level: 'problem' }])
    assert.deepEqual(wrong({ docker }), [{ code: 'docker_silent', level: 'problem' }])
    assert.deepEqual(wrong({ docker: { ...DOCKER, version: '19.03.15' } }), [
      { code: 'docker_old', level: 'problem' },
    ])
    assert.deepEqual(wrong({ docker: { ...DOCKER, version: '20.10.24+dfsg1' } }), [])
  })

  it('tells of a disk that fills up, of few inodes, of little memory', () => {
    const disk = MACHINE.disks[0]!
    const disks = (change: object) => ({ machine: { ...MACHINE, disks: [{ ...disk, ...change }] } })
    assert.deepEqual(wrong(disks({ freeBytes: 3.9 * GIB })), [{ code: 'disk_low', level: 'warning' }])
    assert.deepEqual(wrong(disks({ freeBytes: 0.9 * GIB })), [{ code: 'disk_full', level: 'problem' }])
    assert.deepEqual(wrong(disks({ freeInodes: 0.01 })), [{ code: 'disk_inodes', level: 'problem' }])
    const memory = { totalBytes: 4 * GIB, availableBytes: 0.2 * GIB }
    assert.deepEqual(wrong({ machine: { ...MACHINE, memory } }), [{ code: 'memory_low', level: 'warning' }])
  })

  it('tells of a clock that is off by more than could be measured', () => {
    const clock = (clockAheadMs: number, clockWithinMs: number) => ({
      machine: { ...MACHINE, clockAheadMs, clockWithinMs },
    })
    assert.deepEqual(wrong(clock(-2500, 10)), [{ code: 'clock_off', level: 'warning' }])
    assert.deepEqual(wrong(clock(-2500, 1000)), [])
    assert.deepEqual(wrong(clock(90_000, 10)), [{ code: 'clock_wrong', level: 'problem' }])
    const [, , , finding] = checkFindings(HOST, { ...FINE, ...clock(90_000, 10) })
    assert.match(finding!.text, /90\.0 s ahead of/)
  })

  it('tells what the router can not reach: for sure where an instance does not answer, else as a guess', () => {
    assert.deepEqual(wrong({ reach: { kind: 'not-own' } }), [{ code: 'private_address', level: 'problem' }])
    const silent = { kind: 'silent', port: 21_000 } as const
    assert.deepEqual(wrong({ reach: { ...silent, by: 'instance' } }), [
      { code: 'not_reached', level: 'problem' },
    ])
    assert.deepEqual(wrong({ reach: { ...silent, by: 'listener' } }), [
      { code: 'not_reached', level: 'warning' },
    ])
  })

  it('tells of passwords that an SSH server takes', () => {
    assert.deepEqual(wrong({ logins: ['publickey', 'password'] }), [
      { code: 'ssh_passwords', level: 'warning' },
    ])
  })
})

const CONTAINER: ContainerFacts = {
  ...{ name: 'web-1-a', own: true, app: 'shop', user: '10001:10001', privileged: false },
  ...{ image: 'shop@sha256:1', imageId: 'sha256:1', tagLeadsTo: null },
  published: [{ address: '10.0.0.11', port: 21_000 }],
}

function said(change: Partial<ContainerFacts>): string[] {
  return containerFindings(HOST, [{ ...CONTAINER, ...change }]).map(({ code, level }) => `${code} ${level}`)
}

describe('the containers of a host', () => {
  it('are fine as the platform starts them', () => {
    assert.deepEqual(said({}), [])
  })

  it('are told of when they run as root or are privileged, those of others less loudly', () => {
    for (const user of ['', 'root', '0', '0:0', 'root:staff'])
      assert.deepEqual(said({ user }), ['runs_as_root problem'], user)
    for (const user of ['1000', 'node', '01x']) assert.deepEqual(said({ user }), [], user)
    assert.deepEqual(said({ user: '', own: false }), ['runs_as_root note'])
    assert.deepEqual(said({ privileged: true }), ['privileged problem'])
  })

  it('are told of when strangers reach them', () => {
    assert.deepEqual(said({ published: [{ address: '0.0.0.0', port: 80 }] }), ['published_publicly problem'])
    assert.deepEqual(said({ published: [{ address: '203.0.113.5', port: 80 }], own: false }), [
      'published_publicly note',
    ])
  })

  it('of others are told of when their tag leads elsewhere now', () => {
    const old = { own: false, image: 'redis:latest', tagLeadsTo: 'sha256:2' }
    assert.deepEqual(said(old), ['image_drift note'])
    assert.deepEqual(said({ ...old, tagLeadsTo: 'sha256:1' }), [])
  })
})

it('an address is public unless it is of a private, loopback or link-local network', () => {
  const mine = [
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.9.9',
    '192.168.1.1',
    '100.64.0.1',
    '169.254.1.1',
  ]
  const alsoMine = ['::1', 'fd00::1', 'fe80::1']
  const open = ['0.0.0.0', '::', '', '8.8.8.8', '172.32.0.1', '100.128.0.1', '2001:db8::1', '11.0.0.1']
  assert.deepEqual([...mine, ...alsoMine].filter(isPublic), [])
  assert.deepEqual(
    open.filter((address) => !isPublic(address)),
    [],
  )
})

it('findings come with the worst first, and by what they are about', () => {
  const finding = (level: Finding['level'], about: string) => ({
    code: 'x',
    level,
    about,
    text: '',
    next: '',
  })
  const sorted = sortedFindings([
    finding('ok', 'host h1'),
    finding('problem', 'host h10'),
    finding('note', 'server'),
    finding('problem', 'host h2'),
  ])
  assert.deepEqual(
    sorted.map(({ level, about }) => `${level} ${about}`),
    ['problem host h2', 'problem host h10', 'note server', 'ok host h1'],
  )
})
