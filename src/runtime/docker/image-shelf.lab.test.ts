import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Lab } from '../../../test/lab/lab.ts'
import { specOf } from '../contract.ts'
import { IMAGE, makeBench } from './testing.ts'

describe('images that instances are started from', { skip: Lab.whyNot() ?? false }, () => {
  let lab: Lab
  before(async () => {
    lab = await Lab.start({ hosts: 1 })
  })
  after(() => lab?.down())

  it('are asked for once for a rollout, and again when one is gone', async () => {
    const image = 'tests/app:1'
    let brought = 0
    const bench = makeBench(lab, 'h1', {
      image: async () => {
        brought += 1
        await lab.docker('h1', 'tag', IMAGE, image)
        return image
      },
    })
    try {
      const need = { appId: 'app-a', artifact: 'sha256:tests', instances: [] }
      await bench.runtime.prepare(need)
      await bench.runtime.start(specOf(need.artifact, 'sleep 60'))
      await bench.runtime.start(specOf(need.artifact, 'sleep 60'))
      assert.equal(brought, 1)
      const before = await bench.host.docker.listContainers()
      await lab.docker('h1', 'rmi', '-f', image)
      await bench.runtime.start(specOf(need.artifact, 'sleep 60'))
      assert.equal(brought, 2)
      const after = await bench.host.docker.listContainers()
      assert.equal(after.length, before.length + 1)
    } finally {
      await bench.close()
    }
  })
})
