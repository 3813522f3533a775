import { TestApp, until } from '../harness/index.ts'
import type { Random } from './random.ts'
import type { Subject } from './subject.ts'

/** What people do with an app that serves. Each resolves when it is done, and throws when it did not succeed. */
type Change = (subject: Subject, random: Random) => Promise<unknown>

export const CHANGES = {
  deploy: (subject) => subject.mustDeploy(),
  rollback: (subject) => subject.app.must(['rollback']),
  config: (subject, random) => subject.app.must(['config:set', `GREETING=${random.next()}`]),
  restart: (subject) => subject.app.must(['ps:restart']),
  'scale to 4': (subject) => subject.app.scale({ web: 4 }),
  'scale to 2': (subject) => subject.app.scale({ web: 2 }),
  'put to sleep and be woken by visitors': sleep,
  'create and destroy another app': neighbour,
} satisfies Record<string, Change>

export type ChangeName = keyof typeof CHANGES

/** Under load it does not sleep for long: whoever comes first wakes it. */
async function sleep({ app }: Subject): Promise<void> {
  const before = (await app.dynos()).length
  await app.must(['sleep', '--detach'])
  await until(`${app.name} to be awake again`, async () => {
    const { state } = await app.server.get(`/tasuki/apps/${app.name}/sleep`)
    const dynos = await app.dynos()
    return state === 'awake' && dynos.length === before && dynos.every((dyno) => dyno.state === 'up')
  })
}

/** Another app comes and goes. */
async function neighbour(subject: Subject): Promise<void> {
  const other = await TestApp.create(subject.server, { name: `neighbour-${Date.now().toString(36)}` })
  const source = await subject.source()
  await other.mustDeploy(source)
  await other.destroy()
}

/** Makes the changes one after the other; an error says which one, and the seed. */
export async function change(subject: Subject, names: readonly ChangeName[], random: Random): Promise<void> {
  for (const [index, name] of names.entries()) {
    try {
      await CHANGES[name](subject, random)
    } catch (error) {
      const which = `change ${index + 1}, "${name}" (SEED=${random.seed})`
      throw new Error(`${which}: ${(error as Error).message}\n${subject.server.log()}`, { cause: error })
    }
  }
}
