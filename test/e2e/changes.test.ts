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

  function each(title: string, options: SubjectOptions) {
    test(`${title}: one of each kind, in random order`, async (t) => {
      const random = new Random()
      const names = random.sample(ALL)
      t.diagnostic(`SEED=${random.seed}: ${names.join(', ')}`)
      const subject = await Subject.create(server, options)
      await losesNothing(t, subject, FULL, () => change(subject, names, random))
      await subject.app.must(['destroy', '--confirm', subject.app.name])
    })
  }
  each('rolling, with an app that exits at once on SIGTERM', {
    name: 'rolling',
    settings: { strategy: 'rolling' },
    behaviour: { ON_TERM: 'exit' },
  })
  each('preboot, with an app that closes gracefully', {
    name: 'preboot',
    settings: { strategy: 'preboot' },
    behaviour: { ON_TERM: 'graceful' },
  })

  test('in batches of one, with an app that ignores SIGTERM', async (t) => {
    const settings = { strategy: 'rolling', surge: 1, stop_seconds: 0.5 }
    const behaviour = { ON_TERM: 'ignore' } as const
    const subject = await Subject.create(server, { name: 'one-by-one', instances: 3, settings, behaviour })
    await losesNothing(t, subject, FULL, () => change(subject, ['deploy', 'deploy'], new Random()))
  })

  test('an app that is started by npm start', async (t) => {
    const files = { 'package.json': JSON.stringify({ name: 'x', scripts: { start: 'node server.mjs' } }) }
    const subject = await Subject.create(server, { name: 'npm-start', procfile: 'web: npm start\n', files })
    await losesNothing(t, subject, FULL, () => change(subject, ['deploy', 'restart'], new Random()))
  })

  test('out, replace, back in: without a single instance more', async (t) => {
    const settings = { strategy: 'rolling', surge: 0, max_unavailable: 1 }
    const behaviour = { ON_TERM: 'exit' } as const
    const subject = await Subject.create(server, { name: 'two-servers', settings, behaviour })
    await losesNothing(t, subject, FULL, () => change(subject, ['deploy', 'rollback'], new Random()))
  })
})
