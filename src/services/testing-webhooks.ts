import type { TestContext } from 'node:test'
import type { App } from '../store/apps.ts'
import { ALICE, type World, world } from './testing.ts'
import { type Receiver, receiver } from './testing-receiver.ts'
import { PUMP_LIMITS, type PumpLimits } from './webhook-pump.ts'

/** So that a test need not wait. */
export const QUICK: PumpLimits = {
  ...PUMP_LIMITS,
  lookMs: 10,
  attemptMs: 15_000,
  retries: {
    notify: { pausesMs: [10], attempts: 3, ageMs: 60_000 },
    sync: { pausesMs: [10, 20], attempts: 1000, ageMs: 60_000 },
  },
}

export interface Live extends World {
  readonly app: App
  readonly inbox: Receiver
  hook(include: string[], level?: string): ReturnType<World['services']['webhooks']['create']>
}

/** An app, and a receiver that is told quickly. */
export async function live(t: TestContext, limits: Partial<PumpLimits> = {}): Promise<Live> {
  const made = await world(t, { webhooks: { ...QUICK, ...limits } })
  const inbox = await receiver(t)
  const app = await made.services.apps.create('shop', ALICE)
  const hook = (include: string[], level = 'sync') =>
    made.services.webhooks.create(app, { include, level, url: inbox.url })
  return Object.assign(made, { app, inbox, hook })
}
