import { routerContract } from '../contract.ts'
import { externalWorld } from './testing.ts'

async function open() {
  const world = await externalWorld()
  // The suite itself says who passes.
  world.onShutDown(async () => undefined)
  return world
}

routerContract('the router for external balancers', open, { byItself: true })
