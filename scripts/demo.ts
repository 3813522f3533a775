/**
 * `npm run demo`: a real server, router and app in a temporary directory, under load from the first deploy on. Deploys
 * a new version, breaks one, kills an instance, kills the control plane in mid-rollout, rolls back; counts every request.
 * Exits with 1 when one was lost or a step did not end as it should.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { Story } from './demo/story.ts'

/** Long enough to see each state under load, short enough for a demo. */
const LOOK_MS = 1_500

const story = new Story()

async function main(): Promise<void> {
  await story.begin()

  story.stage.title('The first version, two instances')
  await story.tasuki(['create', 'hello'])
  await story.deploy('first')
  await story.tasuki(['ps', '-a', 'hello'])

  story.stage.title('A steady load from here to the end; nothing is ever sent twice')
  await story.startLoad()
  await pause(LOOK_MS)

  story.stage.title('A new version takes over')
  await story.deploy('second')
  await pause(LOOK_MS)

  story.stage.title('A version that is broken: it dies at boot')
  await story.deployBroken()
  await story.servedByTheOneBefore()

  story.stage.title('An instance is killed with SIGKILL')
  await story.killInstance()

  story.stage.title('The control plane is killed with SIGKILL in mid-rollout')
  await story.killControlPlaneInRollout()

  story.stage.title('Back to the version before')
  await story.tasuki(['rollback', '-a', 'hello'])
  await pause(LOOK_MS)

  story.stage.title('What happened')
  await story.tasuki(['releases', '-a', 'hello'])
  await story.tasuki(['rollouts', '-a', 'hello'])
  await story.tasuki(['timeline', '-a', 'hello'])
  await story.count()
}

process.once('SIGINT', () => void story.end().then(() => process.exit(130)))
try {
  await main()
} catch (error) {
  story.stage.unwatch()
  console.error(`\ndemo: ${(error as Error).message}`)
  process.exitCode = 1
} finally {
  await story.end()
}
