import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { finished } from 'node:stream/promises'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { AttachedRun } from '../../services/ports.ts'
import { specOf } from '../contract.ts'
import { type Bench, makeBench } from './testing.ts'

const PIPES = { tty: false, columns: 80, lines: 24 }
const TERMINAL = { tty: true, columns: 99, lines: 33 }

describe('an attached run', () => {
  let bench: Bench
  beforeEach(async () => {
    bench = await makeBench()
  })
  afterEach(() => bench.close())
  const attachOnly = async (command: string, terminal = PIPES, env: Record<string, string> = {}) => {
    const spec = specOf('sha256:one', command, { kind: 'one-off', name: 'run.1', env })
    return { id: spec.id, run: await bench.runtime.runAttached(spec, terminal) }
  }
  const attach = async (...args: Parameters<typeof attachOnly>) => {
    const attached = await attachOnly(...args)
    return { ...attached, seen: new Seen(attached.run) }
  }

  it('passes input on and gives output and exit status back', async () => {
    const { run, seen } = await attach('cat; echo error >/dev/stderr; exit 7')
    run.input.write(Buffer.from('hello\n'))
    run.input.end()
    assert.equal(openBelow(bench.data).length, 3)
    assert.equal(await run.exited, 7)
    await seen.whole
    assert.deepEqual(openBelow(bench.data), [])
    assert.deepEqual(seen.text.split('\n').sort(), ['', 'error', 'hello'])
  })

  it('gives back megabytes whole', async () => {
    const { run, seen } = await attach('head -c 5000000 /dev/zero')
    assert.equal(await run.exited, 0)
    await seen.whole
    assert.equal(seen.text.length, 5_000_000)
  })

  it('is slowed by a slow reader, loses nothing, and ends while much is unread', async () => {
    const { run } = await attachOnly('head -c 400000 /dev/zero')
    let read = 0
    for await (const chunk of run.output) {
      if (read === 0) await new Promise((resolve) => setTimeout(resolve, 1500))
      read += chunk.length
    }
    assert.equal(await run.exited, 0)
    assert.equal(read, 400_000)
  })

  it('ends when what it writes is not wanted any more', async () => {
    const { run } = await attachOnly('yes')
    run.output.destroy()
    assert.equal(await run.exited, 141)
  })

  it('closes its input when nobody reads it any more', async () => {
    const { run } = await attachOnly('exec 0<&-; echo closed; sleep 0.1')
    run.output.resume()
    run.input.write(Buffer.alloc(1_000_000))
    await new Promise((closed) => run.input.once('close', closed))
    assert.equal(await run.exited, 0)
  })

  it('has no address and is no log', async () => {
    const { run } = await attach('echo said')
    await run.exited
    const [instance] = await bench.runtime.list()
    assert.deepEqual([instance?.kind, instance?.address], ['one-off', null])
    assert.deepEqual(await bench.runtime.tail(instance!.id, 9), [])
  })

  it('has a terminal of the wanted size, its own exit status, and can be resized', async () => {
    const { run, seen } = await attach(
      'trap "stty size" WINCH; tty; stty size; while :; do read -r line && exit $line; done',
      TERMINAL,
    )
    await seen.until(/\/dev\/pts\/\d+\r\n33 99\r\n/)
    run.resize(120, 40)
    await seen.until(/40 120\r\n/)
    run.input.write(Buffer.from('6\n'))
    assert.equal(await run.exited, 6)
  })

  it('says of its terminal what the user, else the platform, says of it', async () => {
    for (const [env, expected] of [
      [{ TERM: 'vt100' }, /^vt100/],
      [{}, /^xterm-256color/],
    ] as const) {
      const { run, seen } = await attach('echo $TERM', TERMINAL, env)
      await run.exited
      await seen.whole
      assert.match(seen.text, expected)
    }
  })

  it('takes ^C from the terminal, and a signal by name', async () => {
    for (const stop of [
      (run: AttachedRun) => run.input.write(Buffer.from('\x03')),
      (run: AttachedRun) => run.signal('SIGINT'),
    ]) {
      const { run, seen } = await attach(
        `trap 'exit 5' INT; echo ready; while :; do sleep 0.02; done`,
        TERMINAL,
      )
      await seen.until(/ready/)
      stop(run)
      assert.equal(await run.exited, 5)
    }
  })

  for (const terminal of [PIPES, TERMINAL]) {
    it(`may clear up when the platform stops it, ${terminal.tty ? 'with' : 'without'} a terminal`, async () => {
      const { id, run, seen } = await attach(
        `trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.02; done`,
        terminal,
      )
      await seen.until(/ready/)
      await bench.runtime.signal(id, 'SIGTERM')
      assert.equal(await run.exited, 3)
      await seen.whole
      assert.match(seen.text, /bye/)
    })

    it(`ends when its user hangs up, ${terminal.tty ? 'with' : 'without'} a terminal`, async () => {
      const { id, run, seen } = await attach(`echo ready; ${sleepOf(4321)}`, terminal)
      await seen.until(/ready/)
      await bench.runtime.hangUp(id)
      assert.equal(await run.exited, 129)
      await bench.runtime.hangUp(id)
      await gone(sleepOf(4321))
    })
  }

  it('is killed, with all its children, when it does not end by itself', async () => {
    const { run, seen } = await attach(`trap '' HUP; echo ready; ${sleepOf(5432)}`, TERMINAL)
    await seen.until(/ready/)
    run.signal('SIGKILL')
    assert.equal(await run.exited, 137)
    await gone(sleepOf(5432))
  })

  it('tells its exit status and all its output also to one who is slower than the removal', async () => {
    const ended = Promise.withResolvers<void>()
    const unwatch = bench.runtime.watch(async () => {
      const [instance] = await bench.runtime.list()
      if (instance?.state === 'exited') bench.runtime.remove(instance.id).then(ended.resolve, ended.reject)
    })
    const { run, seen } = await attach('head -c 100000 /dev/zero; exit 8')
    await ended.promise
    unwatch()
    assert.equal(await run.exited, 8)
    await seen.whole
    assert.equal(seen.text.length, 100_000)
  })

  it('leaves no pipe open when its start fails', async () => {
    const env = { 'not a name': '' }
    const fail = () => bench.runtime.runAttached(specOf('sha256:one', 'true', { env }), PIPES)
    await assert.rejects(fail, { code: 'invalid_params' })
    assert.deepEqual(await bench.runtime.list(), [])
    assert.deepEqual(openBelow(bench.data), [])
  })
})

/** What an attached run has said so far. */
class Seen {
  text = ''
  readonly whole: Promise<void>
  #look = () => undefined as unknown

  constructor(run: AttachedRun) {
    run.output.on('data', (bytes: Buffer) => {
      this.text += bytes.toString()
      this.#look()
    })
    this.whole = finished(run.output)
  }

  until(pattern: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`only seen: ${this.text}`)), 30_000)
      this.#look = () => {
        if (!pattern.test(this.text)) return
        clearTimeout(late)
        resolve()
      }
      this.#look()
    })
  }
}

/** What this process has open below a directory, also what has been unlinked there. */
function openBelow(directory: string): string[] {
  const links = execFileSync('sh', ['-c', `readlink /proc/${process.pid}/fd/* || true`], { encoding: 'utf8' })
  return links.split('\n').filter((link) => link.startsWith(directory))
}

/** A command that no other process of the machine has. */
function sleepOf(seconds: number): string {
  return `sleep ${seconds}.${process.pid}`
}

async function gone(command: string): Promise<void> {
  const last = Date.now() + 30_000
  while (
    execFileSync('ps', ['-eo', 'stat,args'], { encoding: 'utf8' })
      .split('\n')
      .some((line) => /^[^Z]/.test(line) && line.endsWith(command))
  ) {
    if (Date.now() > last) throw new Error(`${command} still runs`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
