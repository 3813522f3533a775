import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { until } from '../../../test/harness/until.ts'
import { isExited, specOf, waitFor } from '../contract.ts'
import { makeBench } from './testing.ts'

describe('ports of process instances', () => {
  it('are passed over when somebody listens on them, on whatever address, and run out', async () => {
    // Above the ports of all other instances and below those of outgoing connections.
    const first = 32_000 + (process.pid % 190) * 4
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(first + 1, '127.0.0.1', resolve))
    const bench = await makeBench({ ports: { first, last: first + 2 } })
    try {
      const spec = specOf('sha256:one', 'sleep 1000')
      await bench.runtime.start(spec)
      const [instance] = await bench.runtime.list()
      const ports = [instance!.address!.port, instance!.privateAddress!.port]
      assert.deepEqual(ports.sort(), [first, first + 2])
      await assert.rejects(bench.runtime.start(specOf('sha256:one', 'true')), { code: 'no_port' })
      assert.deepEqual(readdirSync(join(bench.data, 'status')), [spec.id])
      await bench.runtime.remove(spec.id)
      await bench.runtime.start(specOf('sha256:one', 'true'))
    } finally {
      await bench.close()
      taken.close()
    }
  })
})

describe('a full disk', () => {
  it('refuses new instances, leaves nothing behind, and loses no exit status', async (test) => {
    if (process.getuid?.() !== 0) return test.skip('only root can mount a small disk')
    const disk = mkdtempSync(join(tmpdir(), 'tasuki-disk-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=300k,mode=711', 'tmpfs', disk])
    const artifact = mkdtempSync(join(tmpdir(), 'tasuki-artifact-'))
    execFileSync('chmod', ['711', artifact])
    const bench = await makeBench({ data: disk, artifactPath: async () => artifact })
    try {
      const spec = specOf('sha256:one', 'while [ -e go ]; do sleep 0.02; done; exit 3')
      writeFileSync(join(artifact, 'go'), '')
      await bench.runtime.start(spec)
      await waitFor(bench.runtime, spec.id, ({ pid }) => pid !== null)
      mkdirSync(join(disk, 'fill'))
      assert.throws(() => writeFileSync(join(disk, 'fill', 'all'), Buffer.alloc(1_000_000)), {
        code: 'ENOSPC',
      })
      await assert.rejects(bench.runtime.start(specOf('sha256:one', 'true')), { code: 'disk_full' })
      await assert.rejects(bench.runtime.prepare({ artifact: 'x', appId: 'app-a', instances: [] }), {
        code: 'disk_full',
      })
      assert.deepEqual(
        (await bench.runtime.list()).map(({ id }) => id),
        [spec.id],
      )
      rmSync(join(artifact, 'go'))
      assert.equal((await waitFor(bench.runtime, spec.id, isExited)).exit?.code, 3)
      rmSync(join(disk, 'fill'), { recursive: true })
    } finally {
      for (const { id } of await bench.runtime.list()) await bench.runtime.remove(id)
      bench.runtime.close()
      // A supervisor keeps its files open for a moment after it has written how its instance ended.
      await until('nobody to use the disk', () => spawnSync('umount', [disk]).status === 0)
      for (const path of [disk, artifact]) rmSync(path, { recursive: true })
    }
  })
})
