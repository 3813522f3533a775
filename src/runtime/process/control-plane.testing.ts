/** A control plane of its own for `adoption.test.ts`: starts instances, says that it has, and waits to be killed. */
import { specOf } from '../contract.ts'
import { makeBench } from './testing.ts'

const [data, ...commands] = process.argv.slice(2)
const { runtime } = await makeBench({ data: data! })
const specs = commands.map((command, at) =>
  specOf('sha256:one', command, { id: `web-${at + 1}-adopted`, env: { COLOUR: 'green' } }),
)
for (const spec of specs) await runtime.start(spec)
process.send?.('started')
setInterval(() => runtime, 1000)
