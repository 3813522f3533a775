import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Lab } from '../../../test/lab/lab.ts'
import { isExited, runtimeContract, shellCommands, specOf, waitFor, waitForTail } from '../contract.ts'
import { makeBench } from './testing.ts'

const whyNot = Lab.whyNot()

describe('containers of a host', { skip: whyNot ?? false }, () => {
  let lab: Lab
  before(async () => {
    lab = await Lab.start({ hosts: 1 })
  })
  after(() => lab?.down())

  runtimeContract('docker, over SSH', async () => {
    const { runtime, close } = makeBench(lab, 'h1')
    return { runtime, commands: shellCommands, artifact: 'sha256:contract', close }
  })

  // All but the way there is the same as over SSH.
  it('are started, heard, ended and removed by the socket of a Docker on this machine too', async () => {
    const { runtime, close } = makeBench(lab, 'h1', { local: true })
    try {
      const spec = specOf('sha256:contract', shellCommands.serve, { appId: 'watched' })
      const { id } = spec
      const hinted = new Set<string>()
      const unwatch = runtime.watch((appId) => hinted.add(appId))
      await Promise.all([runtime.start(spec), runtime.start(spec)])
      await waitForTail(runtime, id, 'serving')
      assert.deepEqual(
        (await runtime.list()).map((one) => [one.id, one.state]),
        [[id, 'running']],
      )
      await runtime.signal(id, 'SIGTERM')
      const { exit } = await waitFor(runtime, id, (one) => isExited(one) && hinted.has('watched'))
      unwatch()
      assert.equal(exit?.code, 0)
      await runtime.remove(id)
      assert.deepEqual(await runtime.list(), [])
    } finally {
      await close()
    }
  })
})
