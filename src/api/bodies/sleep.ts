import { type Static, Type } from '@fastify/type-provider-typebox'
import type { SleepView } from '../../services/sleeping.ts'
import { nullable, Time, timeOrNull } from './common.ts'

export const SleepWords = Type.Enum(['awake', 'asleep', 'waking'], {
  description: 'waking: it is being started, and its visitors wait until it serves',
})

export const SleepBody = Type.Object({
  state: SleepWords,
  since: nullable(Time),
  after_idle_seconds: nullable(
    Type.Integer({ description: 'Put to sleep after so long without a visitor; null: not by that' }),
  ),
  pool: nullable(Type.String({ description: 'Of the apps that share limits on how many are awake' })),
})

export function sleepBody({ state, since, afterIdleMs, pool }: SleepView): Static<typeof SleepBody> {
  const seconds = afterIdleMs === null ? null : Math.round(afterIdleMs / 1000)
  return { state, since: timeOrNull(since), after_idle_seconds: seconds, pool }
}
