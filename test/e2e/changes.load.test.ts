import { after, before, describe, test } from 'node:test'
import { TestServer } from '../harness/index.ts'
import { CHANGES, type ChangeName, change } from './changes.ts'
import { Random } from './random.ts'
import { Subject, type SubjectOptions } from './subject.ts'
import { FULL, losesNothing } from './under-load.ts'

const ALL = Object.keys(CHANGES) as ChangeName[]

describe('changes under load lose nothing', () => {
  let server: TestServer
  before(async () => {
    server = await TestServer.start()
  })
  after(() => server.close())

  function some(title: string, count: number, options: SubjectOptions) {
    test(`${title}: ${count} kinds of changes, in random order`, async (t) => {
      const random = new Random()
      // The first deploy gives a rollback something to go back to.
      const names: ChangeName[] = ['deploy', ...random.sample(ALL, count)]
      t.diagnostic(`SEED=${random.seed}: ${names.join(', ')}`)
      const subject = await Subject.create(server, options)
      await losesNothing(t, subject, FULL, () => change(subject, names, random))
      await subject.destroy()
    })
  }
  some('rolling, with an app that exits at once on SIGTERM', ALL.length, {
    name: 'rolling',
    settings: { strategy: 'rolling' },
    behaviour: { BEHAVIOUR: 'exit-at-once' },
  })
  some('preboot, with an app that closes gracefully', 4, {
    name: 'preboot',
    settings: { strategy: 'preboot' },
    behaviour: { BEHAVIOUR: 'graceful' },
  })

  test('in batches of one, with an app that ignores SIGTERM', async (t) => {
    const settings = { strategy: 'rolling', surge: 1, stop_seconds: 0.5 }
    const behaviour = { BEHAVIOUR: 'ignore-term' }
    const subject = await Subject.create(server, { name: 'one-by-one', instances: 3, settings, behaviour })
    await losesNothing(t, subject, FULL, () => change(subject, ['deploy'], new Random()))
  })

  test('an app that is started by npm start', async (t) => {
    const subject = await Subject.create(server, { name: 'npm-start', command: 'npm start' })
    await losesNothing(t, subject, FULL, () => change(subject, ['deploy'], new Random()))
  })

  test('out, replace, back in: without a single instance more', async (t) => {
    const settings = { strategy: 'rolling', surge: 0, max_unavailable: 1 }
    const behaviour = { BEHAVIOUR: 'exit-at-once' }
    const subject = await Subject.create(server, { name: 'two-servers', settings, behaviour })
    await losesNothing(t, subject, FULL, () => change(subject, ['deploy'], new Random()))
  })
})
