import type { Check } from '../../domain/health.ts'
import type { InstanceId } from '../../domain/instance.ts'
import { addressText, type Backend, type Occupant, type Slot } from './backend.ts'
import { lastCheckInWords } from './check-words.ts'
import type { Probes } from './probes.ts'
import { parseStat, type ServerStat } from './stat.ts'
import type { Workers } from './workers.ts'

/** Every server that is not in maintenance, so that empty slots cost nothing. */
const ALL = 'show stat -1 4 -1 no-maint'

/** What the newest worker's checks say of every instance that the router knows: one question for all of them. */
export async function allChecks(
  backends: readonly Backend[],
  workers: Workers,
  probes: Probes,
): Promise<ReadonlyMap<InstanceId, Check>> {
  const taken = backends.flatMap(({ name, slots }) => slots.flatMap((slot) => takenSlot(name, slot)))
  const probed = taken.filter(({ occupant }) => probes.command(occupant.instance))
  const commands = [ALL, ...probed.map(({ occupant }) => probes.command(occupant.instance)!)]
  const [newest] = await workers.each((worker) => (worker.newest ? commands : []))
  const [all = '', ...answers] = newest!.answers
  const stats = new Map(parseStat(all).map((stat) => [`${stat.backend}/${stat.name}`, stat]))
  const probeAnswers = new Map(probed.map(({ occupant }, index) => [occupant.instance, answers[index] ?? '']))
  return new Map(
    taken.map(({ server, occupant }) => {
      const answer = probeAnswers.get(occupant.instance)
      const probe = answer === undefined ? null : probes.read(occupant.instance, answer, newest!.worker.pid)
      return [
        occupant.instance,
        probe ? { admin: 'drain', ...probe } : checkOf(occupant, stats.get(server) ?? null),
      ]
    }),
  )
}

function takenSlot(backend: string, { name, occupant }: Slot): { server: string; occupant: Occupant }[] {
  return occupant ? [{ server: `${backend}/${name}`, occupant }] : []
}

/** A server that is not told of is in maintenance; one with another address there has just been given to somebody else. */
function checkOf(occupant: Occupant, stat: ServerStat | null): Check {
  const passedOnce = occupant.state !== 'assigned'
  if (!stat || stat.address !== addressText(occupant.address))
    return { admin: 'maint', health: 'checking', passedOnce, check: '' }
  return {
    admin: occupant.state === 'admitted' ? 'ready' : 'drain',
    health: stat.status.startsWith('DOWN') ? 'down' : 'up',
    passedOnce: true,
    check: lastCheckInWords(stat, occupant.checkPath),
  }
}
