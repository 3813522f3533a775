import { after, before, describe } from 'node:test'
import { Lab } from '../../../test/lab/lab.ts'
import { runtimeContract, shellCommands } from '../contract.ts'
import { makeBench } from './testing.ts'

const whyNot = Lab.whyNot()

describe('containers of a host', { skip: whyNot ?? false }, () => {
  let lab: Lab
  before(async () => {
    lab = await Lab.start({ hosts: 1 })
  })
  after(() => lab?.down())

  for (const local of [false, true])
    runtimeContract(local ? 'docker, by its socket' : 'docker, over SSH', async () => {
      const { runtime, close } = makeBench(lab, 'h1', { local })
      return { runtime, commands: shellCommands, artifact: 'sha256:contract', close }
    })
})
