import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { OPERATION_KINDS, type OperationKind } from '../../src/domain/rollout.ts'
import { type TestServer, until } from '../harness/index.ts'
import { type Behaviour, Subject } from './subject.ts'
import { LIGHT, losesNothing } from './under-load.ts'

/** A moment at which the control plane dies: around the effect of an operation of that kind. */
export interface CrashPoint {
  readonly when: 'before' | 'after'
  readonly kind: OperationKind
}

/** All there are: a new kind of operation is among them from its first day. */
export function crashPoints(): CrashPoint[] {
  return OPERATION_KINDS.flatMap((kind) => [
    { when: 'before' as const, kind },
    { when: 'after' as const, kind },
  ])
}

/** What a deploy has to be like for every kind of operation to occur in it. */
const SETTINGS = { stop_seconds: 0.5, stream_seconds: 0.5 }

/** Streams outstay only an app that nobody has told to end them. */
const DEAF = { stop_seconds: 2, stream_seconds: 0.5, pre_stop: { command: 'true' } }

/** The deploy in which that kind occurs, and how it has to end. */
function deployWith(kind: OperationKind): { behaviour: Behaviour; outcome: string } {
  if (kind === 'turn-back') return { behaviour: { BEHAVIOUR: 'crash-at-boot' }, outcome: 'failed' }
  return { behaviour: {}, outcome: 'succeeded' }
}

/**
 * Deploys under load to a control plane that dies at that point, starts it again, and fails unless the rollout ends as it
 * should with nothing lost and nothing left over.
 */
export async function crashAt(t: TestContext, server: TestServer, point: CrashPoint): Promise<void> {
  const name = `${point.when}-${point.kind}`
  const behaviour = { BEHAVIOUR: 'ignore-term' }
  const subject = await Subject.create(server, {
    name,
    settings: point.kind === 'close-streams' ? DEAF : SETTINGS,
    behaviour,
  })
  const { behaviour: changed, outcome } = deployWith(point.kind)
  const source = await subject.source(changed)
  await server.kill('SIGTERM')
  await server.restart({ TASUKI_FAULT: `kill:${point.when}:${point.kind}` })
  await losesNothing(t, subject, LIGHT, async () => {
    await subject.app.must(['deploy', source, '--detach'])
    await until(`the control plane to die ${name}`, () => !server.running, 30_000)
    await server.restart()
    const rollout = await subject.app.settled()
    assert.equal(rollout?.status, outcome)
  })
  await noLeftovers(subject)
  await subject.destroy()
}

async function noLeftovers(subject: Subject): Promise<void> {
  await until('two instances of one release and no others', async () => {
    const dynos = await subject.app.dynos()
    const releases = new Set(dynos.map((dyno) => dyno.release.version))
    return dynos.length === 2 && releases.size === 1 && dynos.every((dyno) => dyno.state === 'up')
  })
}
