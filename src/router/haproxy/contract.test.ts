import { routerContract } from '../contract.ts'
import { HaproxyWorld } from './testing/world.ts'

routerContract('HAProxy', () => HaproxyWorld.open())
