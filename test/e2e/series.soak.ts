import { describe, test } from 'node:test'
import { serverFor } from '../harness/index.ts'
import { CHANGES, type ChangeName, change } from './changes.ts'
import { crashAt, crashPoints } from './crash.ts'
import { Random } from './random.ts'
import { reloadUnder } from './reloads.ts'
import { Subject } from './subject.ts'
import { FULL, losesNothing } from './under-load.ts'

const ALL = Object.keys(CHANGES) as ChangeName[]
const DEPLOYS = 20
const RANDOM_CHANGES = 20
const RELOADS = 100

describe('the full counts', () => {
  for (const strategy of ['rolling', 'preboot']) {
    for (const [instances, onTerm] of [
      [2, 'exit-at-once'],
      [3, 'graceful'],
      [4, 'ignore-term'],
    ] as const) {
      test(`${DEPLOYS} deploys in a row, ${strategy}, ${instances} instances, on SIGTERM: ${onTerm}`, async (t) => {
        const server = await serverFor(t)
        const behaviour = { BEHAVIOUR: onTerm }
        const subject = await Subject.create(server, { instances, settings: { strategy }, behaviour })
        const deploys = Array.from({ length: DEPLOYS }, () => 'deploy' as const)
        await losesNothing(t, subject, FULL, () => change(subject, deploys, new Random()))
      })
    }
  }

  test(`${RANDOM_CHANGES} changes in random order`, async (t) => {
    const server = await serverFor(t)
    const random = new Random()
    const names: ChangeName[] = ['deploy', ...Array.from({ length: RANDOM_CHANGES }, () => random.pick(ALL))]
    t.diagnostic(`SEED=${random.seed}: ${names.join(', ')}`)
    const subject = await Subject.create(server, { behaviour: { BEHAVIOUR: 'exit-at-once' } })
    await losesNothing(t, subject, FULL, () => change(subject, names, random))
  })

  test(`${RELOADS} reloads for other apps, with uploads and WebSockets open`, async (t) => {
    await reloadUnder(t, await serverFor(t), RELOADS)
  })

  for (const point of crashPoints()) {
    test(`the control plane dies ${point.when} the effect of ${point.kind}`, async (t) => {
      await crashAt(t, await serverFor(t), point)
    })
  }
})
