import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import { until } from '../../test/harness/until.ts'
import { type HostName, Lab } from '../../test/lab/lab.ts'
import type { Host } from '../domain/host.ts'
import type { InstanceSpec, RuntimeInstance } from '../domain/instance.ts'
import { ON_ANY_HOST } from '../domain/placement.ts'
import { isExited, shellCommands, specOf, waitFor, waitForTail } from '../runtime/contract.ts'
import { Fleet } from '../runtime/fleet/fleet.ts'
import { type Bench, makeBench } from '../runtime/process/testing.ts'
import { DockerHosts } from './docker-hosts.ts'

const whyNot = Lab.whyNot()
const IMAGE = 'lab/node'
const SILENT = { info: nothing, warn: nothing, error: nothing }
const HOSTS: HostName[] = ['h1', 'h2']

describe('a fleet of Docker hosts', { skip: whyNot ?? false }, () => {
  let lab: Lab
  let data: string
  let local: Bench
  let fleet: Fleet
  let hosts: DockerHosts
  before(async () => {
    lab = await Lab.start({ hosts: 2 })
    local = await makeBench()
    data = mkdtempSync(join(tmpdir(), 'tasuki-fleet-lab-'))
    await takeOver()
  })
  after(async () => {
    await fleet?.close()
    await local?.close()
    await lab?.down()
    if (data) rmSync(data, { recursive: true, force: true })
  })
  afterEach(async () => {
    for (const host of HOSTS) await lab.heal(host)
    await until('all hosts to answer', async () => {
      await fleet.list()
      return fleet.conditions().every(({ reachable }) => reachable)
    })
    for (const { id } of await fleet.list()) await fleet.remove(id)
  })

  const rowOf = (name: HostName): Host => ({
    ...{ id: `id-${name}`, name, url: lab.url(name), labels: [], privateAddress: lab.address(name) },
    ...{ hostKey: null, state: 'active', createdAt: 0 },
  })

  /** The next control plane: all that it knows is what the last one wrote down. */
  async function takeOver(): Promise<void> {
    await fleet?.close()
    const keys = { privateKey: readFileSync(lab.keyFile, 'utf8'), publicKey: '' }
    const image = async () => IMAGE
    hosts = new DockerHosts({ keys, data, server: 'lab', image, log: SILENT })
    const placementOf = async () => ON_ANY_HOST
    const options = {
      data,
      local: local.runtime,
      open: (host: Host) => hosts.open(host),
      placementOf,
      log: SILENT,
    }
    fleet = await Fleet.open(options, HOSTS.map(rowOf))
  }

  /** One on each host, serving. */
  async function oneEach(): Promise<RuntimeInstance[]> {
    const specs = HOSTS.map(() => specOf('sha256:lab', shellCommands.serve))
    for (const spec of specs) await fleet.start(spec)
    for (const { id } of specs) await waitForTail(fleet, id, 'serving')
    const all = await fleet.list()
    assert.deepEqual(all.map(({ host }) => host).sort(), HOSTS)
    return all
  }

  const on = (all: readonly RuntimeInstance[], host: HostName) => all.find((one) => one.host === host)!
  const seen = async (id: string) => (await fleet.list()).find((one) => one.id === id)!
  const containers = async (host: HostName, { id }: Pick<InstanceSpec, 'id'>) =>
    (await lab.docker(host, 'ps', '-aq', '--filter', `label=tasuki.instance=${id}`))
      .trim()
      .split('\n')
      .filter(Boolean)

  it('meets a machine: its key, its engine, its Docker', async () => {
    const [one, other] = await Promise.all(HOSTS.map((name) => hosts.meet(rowOf(name))))
    assert.match(one!.hostKey!, /^SHA256:[A-Za-z0-9+/]{43}$/)
    assert.notEqual(one!.engine, other!.engine)
    assert.match(one!.dockerVersion, /^\d+\.\d+/)
    await hosts.meet({ ...rowOf('h1'), hostKey: one!.hostKey })
    await assert.rejects(hosts.meet({ ...rowOf('h2'), hostKey: one!.hostKey }), { code: 'host_refused' })
    await assert.rejects(hosts.meet({ ...rowOf('h1'), url: lab.url('h1', 'stranger') }), {
      code: 'host_refused',
    })
  })

  it('knows the instances of a host that is cut off, and has them back as they were', async () => {
    const before = on(await oneEach(), 'h1')
    await lab.cut('h1')
    const away = await until('h1 to be known as silent', async () => {
      const one = await seen(before.id)
      return one.unreachable ? one : null
    })
    assert.deepEqual({ ...away, unreachable: false }, before)
    await assert.rejects(fleet.signal(before.id, 'SIGTERM'), {
      code: 'host_unreachable',
      message: /^The host h1 /,
    })
    const spec = specOf('sha256:lab', shellCommands.serve)
    await fleet.start(spec)
    assert.equal((await seen(spec.id)).host, 'h2')
    await lab.heal('h1')
    await until('h1 to answer', async () => !(await seen(before.id)).unreachable)
    assert.deepEqual(await seen(before.id), before)
  })

  it('hands what it knows of a frozen host to the next control plane, and what was asked meanwhile was not done', async () => {
    const before = on(await oneEach(), 'h2')
    await lab.pause('h2')
    await takeOver()
    const away = await seen(before.id)
    assert.deepEqual([away.unreachable, away.address], [true, before.address])
    await assert.rejects(fleet.remove(before.id), { code: 'host_unreachable' })
    await lab.heal('h2')
    await until('h2 to answer', async () => !(await seen(before.id)).unreachable)
    assert.equal((await seen(before.id)).state, 'running')
  })

  it('sees after a power cut what Docker has brought back, and ends it as any other', async () => {
    const before = on(await oneEach(), 'h1')
    await lab.kill('h1')
    await until('h1 to be known as silent', async () => (await seen(before.id)).unreachable)
    await lab.start('h1')
    const back = await until('h1 to answer', async () => {
      const one = await seen(before.id)
      return one.unreachable ? null : one
    })
    assert.deepEqual([back.id, back.host, back.generation], [before.id, 'h1', before.generation])
    await fleet.signal(before.id, 'SIGKILL')
    await waitFor(fleet, before.id, isExited)
    await fleet.remove(before.id)
    assert.deepEqual(await containers('h1', before), [])
  })

  it('leaves no second copy of an instance whose start lost its connection', async () => {
    const spec = specOf('sha256:lab', shellCommands.serve)
    const starting = fleet.start(spec).then(
      () => null,
      (error: unknown) => error,
    )
    await until('its container to be there', async () => {
      const lists = await Promise.all(HOSTS.map((host) => containers(host, spec)))
      return lists.flat().length > 0
    })
    for (const host of HOSTS) await lab.cutSsh(host)
    await starting
    await until('a start that goes through', () =>
      fleet.start(spec).then(
        () => true,
        () => false,
      ),
    )
    const all = await Promise.all(HOSTS.map((host) => containers(host, spec)))
    assert.equal(all.flat().length, 1)
    assert.deepEqual(
      (await fleet.list()).map(({ id, state }) => [id, state]),
      [[spec.id, 'running']],
    )
  })
})

function nothing(): void {
  // Tests look at what happens, not at what is logged.
}
