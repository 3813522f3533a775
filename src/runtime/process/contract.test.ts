import { runtimeContract, shellCommands } from '../contract.ts'
import { makeBench } from './testing.ts'

runtimeContract('process', async () => {
  const bench = await makeBench()
  return {
    runtime: bench.runtime,
    commands: shellCommands,
    artifact: 'sha256:contract',
    close: bench.close,
  }
})

runtimeContract('process, without own users and without cgroups', async () => {
  const bench = await makeBench({ users: false, cgroupMount: '/nowhere' })
  return {
    runtime: bench.runtime,
    commands: shellCommands,
    artifact: 'sha256:contract',
    close: bench.close,
  }
})
