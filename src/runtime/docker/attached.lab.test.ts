import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { after, afterEach, before, describe, it } from 'node:test'
import { until } from '../../../test/harness/until.ts'
import { Lab } from '../../../test/lab/lab.ts'
import type { AttachedRun } from '../../services/ports.ts'
import { specOf } from '../contract.ts'
import { type Bench, makeBench } from './testing.ts'

const whyNot = Lab.whyNot()

describe('one-offs on a Docker host', { skip: whyNot ?? false }, () => {
  let lab: Lab
  let bench: Bench
  before(async () => {
    lab = await Lab.start({ hosts: 1 })
    bench = makeBench(lab, 'h1')
  })
  after(async () => {
    await bench?.close()
    await lab?.down()
  })
  afterEach(async () => {
    for (const { id } of await bench.runtime.list()) await bench.runtime.remove(id)
  })

  async function run(command: string, tty = false): Promise<{ id: string; run: AttachedRun }> {
    const spec = specOf('sha256:tests', command, { kind: 'one-off', type: 'run', name: 'run.1' })
    const terminal = { tty, columns: 100, lines: 40 }
    return { id: spec.id, run: await bench.runtime.runAttached(spec, terminal) }
  }

  /** All that it has said, as it comes. */
  function heard(run: AttachedRun): () => string {
    let said = ''
    run.output.on('data', (piece: Buffer) => {
      said += piece.toString()
    })
    return () => said
  }

  it('take their input, give both their outputs, and tell their exit status', async () => {
    const { run: attached, id } = await run('cat; echo oh >&2; exit 3')
    attached.input.end('hi\n')
    assert.equal(await text(attached.output), 'hi\noh\n')
    assert.equal(await attached.exited, 3)
    const [one] = await bench.runtime.list()
    assert.deepEqual([one?.id, one?.state, one?.exit?.code, one?.address], [id, 'exited', 3, null])
  })

  it('have a terminal of the size that was asked for, which can change', async () => {
    const { run: attached } = await run(
      `node -e "const say = () => console.log([process.stdout.rows, process.stdout.columns].join(' ')); process.stdout.on('resize', say); say(); setInterval(() => {}, 1e6)"`,
      true,
    )
    const said = heard(attached)
    await until('the size', () => said().includes('40 100'))
    attached.resize(120, 50)
    await until('the other size', () => said().includes('50 120'))
    attached.signal('SIGKILL')
    assert.equal(await attached.exited, 137)
  })

  it('understand the keys of a terminal', async () => {
    const { run: attached } = await run('echo ready; cat', true)
    const said = heard(attached)
    await until('it to be ready', () => said().includes('ready'))
    attached.input.write('\x03')
    assert.equal(await attached.exited, 130)
  })

  it('end when whoever was attached has hung up', async () => {
    const { run: attached, id } = await run('echo ready; cat', true)
    const said = heard(attached)
    await until('it to be ready', () => said().includes('ready'))
    attached.output.destroy()
    await bench.runtime.hangUp(id)
    assert.equal(await attached.exited, 129)
  })

  it('wait for a slow reader, and lose nothing', async () => {
    const { run: attached } = await run('node -e "process.stdout.write(Buffer.alloc(4 << 20, 97))"')
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.equal((await text(attached.output)).length, 4 << 20)
    assert.equal(await attached.exited, 0)
  })

  it('tell their exit status though the connection broke meanwhile', async () => {
    const { run: attached } = await run('echo ready; sleep 2; exit 5')
    const said = heard(attached)
    await until('it to be ready', () => said().includes('ready'))
    await lab.cutSsh('h1')
    assert.equal(await attached.exited, 5)
  })

  it('are not started a second time', async () => {
    const spec = specOf('sha256:tests', 'true', { kind: 'one-off' })
    await bench.runtime.start(spec)
    await assert.rejects(bench.runtime.runAttached(spec, { tty: false, columns: 80, lines: 24 }), {
      code: 'conflict',
    })
  })
})
