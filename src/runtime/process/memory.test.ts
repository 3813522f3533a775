import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { isExited, specOf, waitFor } from '../contract.ts'
import { Cgroups } from './cgroups.ts'
import { layoutOf } from './layout.ts'
import { type Bench, makeBench, SILENT } from './testing.ts'

const SMALL = { name: 'Eco', memoryMiB: 64, cpuShares: 100 }
const CGROUPS = ['/sys/fs/cgroup/memory/tasuki', '/sys/fs/cgroup/tasuki'] as const

/** Takes memory and keeps it in use, in a child of the instance, as many programs do. */
const HUNGRY = `${process.execPath} -e '
  const all = []
  setInterval(() => all.push(Buffer.alloc(16 * 1024 * 1024, 1)), 20)' ; exit $?`

describe('an instance that uses more memory than its size allows', () => {
  it('is ended with the cause memory where the kernel limits it', async (test) => {
    const bench = await makeBench()
    if (!CGROUPS.some((path) => existsSync(path))) {
      await bench.close()
      return test.skip('no writable cgroups here')
    }
    await assertEnded(bench)
  })

  it('is ended with the cause memory where it has to be watched', async () => {
    await assertEnded(await makeBench({ cgroupMount: '/nowhere' }))
  })

  it('leaves no cgroup behind, not even one that a crash has left half-made', async () => {
    const bench = await makeBench()
    const found = () =>
      CGROUPS.filter((path) => existsSync(path)).flatMap((path) =>
        readdirSync(path).filter((name) => name.startsWith(tagOf(bench))),
      )
    const cgroups = new Cgroups(tagOf(bench), SILENT)
    const spec = specOf('sha256:one', 'exit 9', { size: SMALL })
    cgroups.make('web-1-half-made', SMALL)
    await bench.runtime.start(spec)
    await waitFor(bench.runtime, spec.id, isExited)
    ;(await makeBench({ data: bench.data })).runtime.close()
    await bench.runtime.remove(spec.id)
    assert.deepEqual(found(), [])
    await bench.close()
  })

  it('can be told what each app uses while it runs', async () => {
    const bench = await makeBench()
    const spec = specOf('sha256:one', HUNGRY, { size: { ...SMALL, memoryMiB: 4096 } })
    await bench.runtime.start(spec)
    while (((await bench.runtime.memoryByApp()).get(spec.appId) ?? 0) < 64 * 2 ** 20) await pause(20)
    await bench.runtime.signal(spec.id, 'SIGKILL')
    await waitFor(bench.runtime, spec.id, isExited)
    assert.deepEqual([...(await bench.runtime.memoryByApp())], [])
    await bench.close()
  })

  it('is left alone below its limit, and an ordinary failure stays one', async () => {
    const bench = await makeBench()
    const spec = specOf('sha256:one', 'exit 9', { size: SMALL })
    await bench.runtime.start(spec)
    const { exit } = await waitFor(bench.runtime, spec.id, isExited)
    assert.deepEqual([exit?.code, exit?.cause], [9, 'exit'])
    await bench.close()
  })
})

function tagOf(bench: Bench): string {
  return layoutOf(bench.data).tag
}

async function assertEnded(bench: Bench): Promise<void> {
  try {
    const spec = specOf('sha256:one', HUNGRY, { size: SMALL })
    await bench.runtime.start(spec)
    const { exit } = await waitFor(bench.runtime, spec.id, isExited)
    assert.deepEqual([exit?.code, exit?.cause], [137, 'memory'])
  } finally {
    await bench.close()
  }
}
