import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
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
  const attach = async (command: string, terminal = PIPES) => {
    const run = await bench.runtime.runAttached(
      specOf('sha256:one', command, { kind: 'one-off', name: 'run.1' }),
      terminal,
    )
    return { run, seen: new Seen(run) }
  }

  it('passes input on and gives output and exit status back', async () => {
    const { run, seen } = await attach('cat; echo error >/dev/stderr; exit 7')
    run.write(Buffer.from('hello\n'))
    run.end()
    assert.equal(openBelow(bench.data).length, 3)
    assert.equal(await run.exited, 7)
    assert.deepEqual(openBelow(bench.data), [])
    assert.deepEqual(seen.text.split('\n').sort(), ['', 'error', 'hello'])
  })

  it('gives back megabytes whole', async () => {
    const { run, seen } = await attach('head -c 5000000 /dev/zero')
    assert.equal(await run.exited, 0)
    assert.equal(seen.text.length, 5_000_000)
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
    run.write(Buffer.from('6\n'))
    assert.equal(await run.exited, 6)
  })

  it('takes ^C from the terminal, and a signal by name', async () => {
    for (const stop of [
      (run: AttachedRun) => run.write(Buffer.from('\x03')),
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
    it(`ends when its user hangs up, ${terminal.tty ? 'with' : 'without'} a terminal`, async () => {
      const { run, seen } = await attach('echo ready; sleep 4321', terminal)
      await seen.until(/ready/)
      run.signal('SIGHUP')
      await run.exited
      await gone('sleep 4321')
    })
  }

  it('is killed, with all its children, when it does not end by itself', async () => {
    const { run, seen } = await attach(`trap '' HUP; echo ready; sleep 5432`, TERMINAL)
    await seen.until(/ready/)
    run.signal('SIGKILL')
    assert.equal(await run.exited, 137)
    await gone('sleep 5432')
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
  #look = () => undefined as unknown

  constructor(run: AttachedRun) {
    run.onOutput((bytes) => {
      this.text += Buffer.from(bytes).toString()
      this.#look()
    })
  }

  until(pattern: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`only seen: ${this.text}`)), 10_000)
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

async function gone(command: string): Promise<void> {
  const last = Date.now() + 10_000
  while (
    execFileSync('ps', ['-eo', 'stat,args'], { encoding: 'utf8' })
      .split('\n')
      .some((line) => /^[^Z]/.test(line) && line.endsWith(command))
  ) {
    if (Date.now() > last) throw new Error(`${command} still runs`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
