import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { InstanceId, InstanceSpec, RuntimeInstance } from '../domain/instance.ts'
import { sizeOf } from '../domain/size.ts'
import type { Runtime } from '../rollout/ports.ts'

/**
 * What the suite needs of a runtime's test: a fresh runtime with nothing in it, and commands in its own terms.
 * A runtime that runs shell commands takes `shellCommands`.
 */
export interface RuntimeUnderTest {
  readonly runtime: Runtime
  readonly commands: ContractCommands
  /** Digest of an artifact that can be started. */
  readonly artifact: string
  /** The runtime's own time, for one that has another than the machine's. */
  readonly time?: RuntimeTime
  close(): Promise<void>
}

export interface RuntimeTime {
  /** UTC ms. */
  now(): number
  /** Lets so many ms pass. */
  pause(ms: number): Promise<unknown>
}

const MACHINE_TIME: RuntimeTime = { now: Date.now, pause: (ms) => delay(ms) }

export interface ContractCommands {
  /** Serves on its port until SIGTERM, then ends with status 0. */
  readonly serve: string
  /** Ignores SIGTERM, in every process of it. */
  readonly stubborn: string
  /** Says `hello` and ends with that status. */
  exit(status: number): string
}

export const shellCommands: ContractCommands = {
  serve: `trap 'exit 0' TERM; echo serving; while :; do sleep 0.05; done`,
  stubborn: `trap '' TERM; echo stubborn; while :; do sleep 0.05; done`,
  exit: (status) => `echo hello; exit ${status}`,
}

/** The promises of the port `Runtime`, for every implementation of it. */
export function runtimeContract(name: string, make: () => Promise<RuntimeUnderTest>): void {
  describe(`the runtime ${name}`, () => {
    let under: RuntimeUnderTest
    beforeEach(async () => {
      under = await make()
    })
    afterEach(async () => {
      for (const { id } of await under.runtime.list()) await under.runtime.remove(id)
      await under.close()
    })
    const start = async (command: string, more: Partial<InstanceSpec> = {}) => {
      const spec = specOf(under.artifact, command, more)
      await under.runtime.start(spec)
      return spec
    }
    const one = (id: InstanceId) => find(under.runtime, id)
    const time = () => under.time ?? MACHINE_TIME
    const until = (id: InstanceId, holds: (instance: RuntimeInstance) => boolean) =>
      waitFor(under.runtime, id, holds, time())
    const said = (id: InstanceId, line: string) => waitForTail(under.runtime, id, line, time())

    it('reports a started instance as its spec has it', async () => {
      const spec = await start(under.commands.serve)
      const {
        state,
        address,
        privateAddress,
        startedAt,
        signalledAt,
        exit,
        pid: _pid,
        host: _host,
        ...rest
      } = (await one(spec.id))!
      const { id, kind, appId, type, release, generation } = spec
      assert.deepEqual(rest, {
        id,
        kind,
        appId,
        type,
        name: spec.name,
        release,
        generation,
        size: spec.size.name,
        unreachable: false,
      })
      assert.equal(state, 'running')
      assert.ok(address && privateAddress && address.port !== privateAddress.port)
      assert.ok(Math.abs(time().now() - startedAt) < 60_000)
      assert.deepEqual([signalledAt, exit], [null, null])
    })

    it('does nothing when an id is started again', async () => {
      const spec = await start(under.commands.serve)
      const first = await until(spec.id, (instance) => instance.pid !== null)
      await Promise.all([under.runtime.start(spec), under.runtime.start(spec)])
      assert.deepEqual(await one(spec.id), first)
      assert.equal((await under.runtime.list()).length, 1)
    })

    it('does not start an id again that has ended', async () => {
      const spec = await start(under.commands.exit(0))
      const ended = await until(spec.id, isExited)
      await under.runtime.start(spec)
      assert.deepEqual(await one(spec.id), ended)
    })

    it('gives every instance addresses of its own', async () => {
      const specs = await Promise.all([1, 2, 3].map(() => start(under.commands.serve)))
      const listed = await under.runtime.list()
      const ports = listed.flatMap(({ address, privateAddress }) => [address!.port, privateAddress!.port])
      assert.equal(new Set(ports).size, specs.length * 2)
    })

    it('gives no address to what does not listen', async () => {
      for (const kind of ['one-off', 'release-phase'] as const) {
        const { address, privateAddress } = (await one((await start(under.commands.serve, { kind })).id))!
        assert.deepEqual([address, privateAddress], [null, null])
      }
    })

    it('lists the instances of one app, or of all', async () => {
      const mine = await start(under.commands.serve, { appId: 'app-a' })
      const other = await start(under.commands.serve, { appId: 'app-b' })
      assert.deepEqual(ids(await under.runtime.list('app-a')), [mine.id])
      assert.deepEqual(ids(await under.runtime.list()), [mine.id, other.id].sort())
      assert.deepEqual(await under.runtime.list('app-c'), [])
    })

    for (const status of [0, 3]) {
      it(`reports the exit status ${status}`, async () => {
        const spec = await start(under.commands.exit(status))
        const { exit } = await until(spec.id, isExited)
        assert.equal(exit?.code, status)
        assert.equal(exit?.cause, 'exit')
        assert.ok(Math.abs(time().now() - exit!.at) < 60_000)
      })
    }

    it('ends an instance by SIGTERM and remembers when it was asked', async () => {
      const spec = await start(under.commands.serve)
      await said(spec.id, 'serving')
      await under.runtime.signal(spec.id, 'SIGTERM')
      const { exit, signalledAt } = await until(spec.id, isExited)
      assert.equal(exit?.code, 0)
      assert.ok(signalledAt !== null && signalledAt <= exit!.at + 1000)
    })

    it('keeps the time of the first signal', async () => {
      const spec = await start(under.commands.stubborn)
      await said(spec.id, 'stubborn')
      await under.runtime.signal(spec.id, 'SIGTERM')
      const first = (await one(spec.id))!.signalledAt
      await under.runtime.signal(spec.id, 'SIGKILL')
      assert.equal((await until(spec.id, isExited)).signalledAt, first)
    })

    it('ends what ignores SIGTERM by SIGKILL, with status 137', async () => {
      const spec = await start(under.commands.stubborn)
      await said(spec.id, 'stubborn')
      await under.runtime.signal(spec.id, 'SIGTERM')
      assert.equal((await one(spec.id))!.state, 'running')
      await under.runtime.signal(spec.id, 'SIGKILL')
      assert.equal((await until(spec.id, isExited)).exit?.code, 137)
    })

    it('does nothing when an instance that is gone is signalled or removed', async () => {
      await under.runtime.signal('web-1-never', 'SIGTERM')
      await under.runtime.remove('web-1-never')
      const spec = await start(under.commands.exit(0))
      await until(spec.id, isExited)
      await under.runtime.signal(spec.id, 'SIGKILL')
      assert.equal((await one(spec.id))!.signalledAt, null)
      await under.runtime.remove(spec.id)
      await under.runtime.remove(spec.id)
      assert.equal(await one(spec.id), undefined)
    })

    it('kills an instance that still runs when it is removed', async () => {
      const spec = await start(under.commands.stubborn)
      await under.runtime.remove(spec.id)
      assert.deepEqual(await under.runtime.list(), [])
    })

    it('hints at the app whose instance has ended', async () => {
      const spec = await start(under.commands.serve, { appId: 'watched' })
      await said(spec.id, 'serving')
      const hinted = new Set<string>()
      const unwatch = under.runtime.watch((appId) => hinted.add(appId))
      await under.runtime.signal(spec.id, 'SIGTERM')
      await until(spec.id, (instance) => instance.state === 'exited' && hinted.has('watched'))
      unwatch()
      assert.deepEqual([...hinted], ['watched'])
    })

    it('tells the last lines of the output', async () => {
      const spec = await start(under.commands.exit(3))
      await until(spec.id, isExited)
      assert.deepEqual(await under.runtime.tail(spec.id, 10), ['hello'])
      assert.deepEqual(await under.runtime.tail('web-1-never', 10), [])
    })

    it('tells how much memory there is', async () => {
      const { freeBytes, totalBytes } = await under.runtime.headroom()
      assert.ok(freeBytes > 0 && freeBytes <= totalBytes)
    })

    it('prepares what fits and refuses what can not fit in memory', async () => {
      const { artifact } = under
      const { totalBytes } = await under.runtime.headroom()
      await under.runtime.prepare({
        artifact,
        appId: 'app-a',
        instances: [{ size: 'Standard-1X', count: 1 }],
      })
      const count = Math.ceil(totalBytes / (16 * 1024 * 1024))
      await assert.rejects(
        under.runtime.prepare({ artifact, appId: 'app-a', instances: [{ size: 'Standard-1X', count }] }),
        { code: 'no_memory' },
      )
      assert.deepEqual(await under.runtime.list(), [])
    })

    it('rejects a pre-stop hook of an instance that does not run', async () => {
      await assert.rejects(under.runtime.preStop('web-1-never', { path: '/stop' }, 100))
    })
  })
}

let counter = 0

/** A spec with an id never given before. */
export function specOf(artifact: string, command: string, more: Partial<InstanceSpec> = {}): InstanceSpec {
  counter += 1
  return {
    id: `web-1-${process.pid.toString(36)}-${counter}`,
    kind: 'formation',
    appId: 'app-a',
    appName: 'demo',
    type: 'web',
    name: 'web.1',
    release: 1,
    generation: 1,
    artifact,
    command,
    env: {},
    commit: null,
    size: sizeOf('Standard-1X'),
    ...more,
  }
}

const PATIENCE_MS = 30_000

/** Looks again and again until it holds of that instance; throws after half a minute. */
export async function waitFor(
  runtime: Runtime,
  id: InstanceId,
  holds: (instance: RuntimeInstance) => boolean,
  time: RuntimeTime = MACHINE_TIME,
): Promise<RuntimeInstance> {
  const last = time.now() + PATIENCE_MS
  for (;;) {
    const instance = await find(runtime, id)
    if (instance && holds(instance)) return instance
    if (time.now() > last) throw new Error(`${id} did not come to it: ${JSON.stringify(instance)}`)
    await time.pause(10)
  }
}

/** Waits until a line of an instance's output is that one; throws after half a minute. */
export async function waitForTail(
  runtime: Runtime,
  id: InstanceId,
  line: string,
  time: RuntimeTime = MACHINE_TIME,
): Promise<void> {
  const last = time.now() + PATIENCE_MS
  while (!(await runtime.tail(id, 100)).includes(line)) {
    if (time.now() > last) throw new Error(`${id} did not say ${line}: ${await runtime.tail(id, 10)}`)
    await time.pause(10)
  }
}

export function isExited(instance: RuntimeInstance): boolean {
  return instance.state === 'exited'
}

async function find(runtime: Runtime, id: InstanceId): Promise<RuntimeInstance | undefined> {
  return (await runtime.list()).find((instance) => instance.id === id)
}

function ids(instances: readonly RuntimeInstance[]): string[] {
  return instances.map((instance) => instance.id).sort()
}
