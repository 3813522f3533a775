import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { until } from '../../../test/harness/until.ts'
import { Lab } from '../../../test/lab/lab.ts'
import { specOf, waitForTail } from '../contract.ts'
import { type Bench, type BenchOptions, makeBench } from './testing.ts'

const whyNot = Lab.whyNot()
const PROGRAM = `node -e "console.log('serving'); setInterval(() => {}, 1000)"`

describe('a start that is lost with the connection, once the container has been made', {
  skip: whyNot ?? false,
}, () => {
  let lab: Lab
  const benches: Bench[] = []
  before(async () => {
    lab = await Lab.start({ hosts: 1 })
  })
  after(() => lab?.down())
  afterEach(async () => {
    for (const bench of benches.splice(0)) await bench.close()
  })

  /** The first start on it does not reach Docker. */
  async function losing(instead: () => Promise<unknown>, options: BenchOptions = {}): Promise<Bench> {
    const on = makeBench(lab, 'h1', options)
    benches.push(on)
    await on.runtime.list()
    const { docker } = on.host
    const getContainer = docker.getContainer.bind(docker)
    docker.getContainer = (id) => {
      const container = getContainer(id)
      container.start = async () => {
        docker.getContainer = getContainer
        await instead()
        throw new Error('socket hang up')
      }
      return container
    }
    return on
  }

  const stateOf = async (id: string) =>
    (await lab.docker('h1', 'ps', '-a', '--filter', `name=${id}`, '--format', '{{.State}}')).trim()

  it('is repeated with the next connection', async () => {
    const on = await losing(() => lab.cutSsh('h1'))
    const spec = specOf('sha256:tests', PROGRAM)
    await assert.rejects(on.runtime.start(spec), { code: 'host_unreachable' })
    await waitForTail(on.runtime, spec.id, 'serving')
    assert.equal(await stateOf(spec.id), 'running')
  })

  it('is repeated where nothing but the call was lost', async () => {
    const on = await losing(async () => undefined)
    const spec = specOf('sha256:tests', PROGRAM)
    await assert.rejects(on.runtime.start(spec), { code: 'host_unreachable' })
    await until('it to run', async () => {
      await on.runtime.list()
      return (await stateOf(spec.id)) === 'running'
    })
  })

  it('is repeated by the next control plane', async () => {
    const first = await losing(async () => first.leave())
    const spec = specOf('sha256:tests', PROGRAM)
    await assert.rejects(first.runtime.start(spec), { code: 'host_unreachable' })
    assert.equal(await stateOf(spec.id), 'created')
    const { data } = benches.pop()!
    const next = makeBench(lab, 'h1', { data, server: data })
    benches.push(next)
    await waitForTail(next.runtime, spec.id, 'serving')
  })

  it('leaves nothing behind where Docker refuses it by then', async () => {
    const port = 18_100
    const published = `${lab.address('h1')}:${port}:80`
    const squat = () =>
      lab.docker('h1', 'run', '-d', '--name', 'squatter', '-p', published, 'lab/node', 'sleep', '600')
    const on = await losing(
      async () => {
        await squat()
        await lab.cutSsh('h1')
      },
      { ports: { first: port, last: port + 1 } },
    )
    const spec = specOf('sha256:tests', PROGRAM)
    await assert.rejects(on.runtime.start(spec), { code: 'host_unreachable' })
    await until('it to be gone', async () => (await stateOf(spec.id)) === '')
    assert.deepEqual(await on.runtime.list(), [])
    await lab.docker('h1', 'rm', '-f', 'squatter')
  })
})
