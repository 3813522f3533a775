import { until } from '../harness/index.ts'
import type { Subject } from './subject.ts'

/** Resolves when instances of both releases serve. */
export async function inTheMiddle(subject: Subject): Promise<void> {
  await until('the middle of the rollout', async () => {
    const up = (await subject.app.dynos()).filter((dyno) => dyno.state === 'up')
    return new Set(up.map((dyno) => dyno.release.version)).size > 1
  })
}
