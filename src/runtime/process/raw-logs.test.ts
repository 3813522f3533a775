import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { isExited, specOf, waitFor } from '../contract.ts'
import { rawLogsOf } from './raw-logs.ts'
import { makeBench } from './testing.ts'

it('the raw log of an instance tells by its name whose it is, and whether that is still there', async () => {
  const bench = await makeBench()
  const logs = rawLogsOf(bench.data)
  const spec = specOf('sha256:one', 'echo hello', { type: 'clock_daily-2', name: 'clock_daily-2.1' })
  await bench.runtime.start(spec)
  await waitFor(bench.runtime, spec.id, isExited)
  const [file] = readdirSync(join(logs.directory, spec.appId))
  assert.deepEqual(logs.parse(file!), { dyno: 'clock_daily-2.1', instance: spec.id })
  assert.equal(logs.parse(`${file}.read`), null)
  assert.equal(logs.exists(spec.id), true)
  await bench.runtime.remove(spec.id)
  assert.equal(logs.exists(spec.id), false)
  assert.deepEqual(readdirSync(join(logs.directory, spec.appId)), [file])
  await bench.close()
})
