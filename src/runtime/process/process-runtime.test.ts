import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { after, afterEach, beforeEach, describe, it } from 'node:test'
import { isExited, specOf, waitFor, waitForTail } from '../contract.ts'
import { isAlive, liveProcesses, processStat } from './proc.ts'
import { ProcessRuntime } from './process-runtime.ts'
import { type Bench, makeBench, SILENT } from './testing.ts'

describe('a process instance', () => {
  let bench: Bench
  beforeEach(async () => {
    bench = await makeBench()
  })
  afterEach(() => bench.close())
  const start = async (command: string, more = {}) => {
    const spec = specOf('sha256:one', command, more)
    await bench.runtime.start(spec)
    return spec.id
  }
  const output = async (command: string, more = {}) => {
    const id = await start(command, more)
    await waitFor(bench.runtime, id, isExited)
    return bench.runtime.tail(id, 1000)
  }

  it('gets the platform’s variables, its config, and nothing of the control plane’s', async () => {
    process.env.TASUKI_TEST_LEAK = 'leaked'
    after(() => delete process.env.TASUKI_TEST_LEAK)
    const lines = await output('env', {
      env: { GREETING: 'hi', PATH: './node_modules/.bin:/opt/x' },
      commit: 'abc',
    })
    const env = Object.fromEntries(lines.map((line) => line.split(/=(.*)/s)))
    const [{ id, address, privateAddress }] = (await bench.runtime.list()) as never as [never]
    const home = join(bench.data, 'instances', id, 'home')
    assert.deepEqual(
      { ...env, PATH: undefined },
      {
        GREETING: 'hi',
        HOME: home,
        TMPDIR: home.replace(/home$/, 'tmp'),
        PORT: String((address as { port: number }).port),
        HOST: '127.0.0.1',
        TASUKI_PRIVATE_PORT: String((privateAddress as { port: number }).port),
        TASUKI_APP: 'demo',
        TASUKI_RELEASE: 'v1',
        TASUKI_COMMIT: 'abc',
        TASUKI_INSTANCE: id,
        DYNO: 'web.1',
        LANG: 'C.UTF-8',
        SHELL: '/bin/sh',
        USER: 'demo',
        LOGNAME: 'demo',
        PWD: bench.artifact,
        PATH: undefined,
      },
    )
    assert.ok(env.PATH?.startsWith(`${join(bench.artifact, 'node_modules/.bin')}:/opt/x:`))
  })

  it('gets config with quotes, new lines and names that shells reserve, unchanged', async () => {
    const env = {
      QUOTES: `it's "a" $(x) \`y\``,
      LINES: 'one\ntwo\n',
      UID: '7x',
      SECONDS: 'no',
      EMPTY: '',
      BIG: 'é'.repeat(30_000),
    }
    const script = `process.stdout.write(JSON.stringify(process.env))`
    const [line] = await output(
      `${process.execPath} -e '${script}' | head -c 100000 > "$HOME/env"; ${process.execPath} -e '
      const env = JSON.parse(require("fs").readFileSync(process.env.HOME + "/env"))
      const { createHash } = require("crypto")
      console.log(createHash("sha256").update(JSON.stringify(${JSON.stringify(Object.keys(env))}.map((key) => env[key]))).digest("hex"))'`,
      { env },
    )
    const { createHash } = await import('node:crypto')
    assert.equal(
      line,
      createHash('sha256')
        .update(JSON.stringify(Object.values(env)))
        .digest('hex'),
    )
  })

  it('keeps no config on disk and shows none in a command line', async () => {
    const id = await start('sleep 1000', { env: { SECRET: 'sesame-4711' } })
    const { pid } = await waitFor(bench.runtime, id, ({ pid }) => pid !== null)
    assert.throws(() => execFileSync('grep', ['-r', 'sesame-4711', bench.data]), { status: 1 })
    const arguments_ = execFileSync('ps', ['-o', 'args', '-g', String(processStat(pid!)!.session)], {
      encoding: 'utf8',
    })
    assert.ok(!arguments_.includes('sesame-4711'))
  })

  it('is its command itself, with every signal at its default, leading a session of its own', async () => {
    const id = await start('sleep 1000')
    const { pid } = await waitFor(bench.runtime, id, ({ pid }) => pid !== null && commandOf(pid) === 'sleep')
    const stat = processStat(pid!)!
    assert.deepEqual([stat.group, stat.session], [pid, pid])
    const status = execFileSync('grep', ['-E', 'SigIgn|SigBlk', `/proc/${pid}/status`], { encoding: 'utf8' })
    assert.equal(status.replace(/\s+/g, ' '), 'SigBlk: 0000000000000000 SigIgn: 0000000000000000 ')
  })

  it('reports a death by signal as 128 and its number', async () => {
    const id = await start('kill -SEGV $$')
    assert.equal((await waitFor(bench.runtime, id, isExited)).exit?.code, 139)
  })

  it('reports a death by a stranger’s SIGKILL, and ends what is left of the group', async () => {
    const id = await start('sleep 1000 & echo $!; wait')
    const child = Number(await firstLine(bench, id))
    const identity = processStat(child)!
    const { pid } = await waitFor(bench.runtime, id, ({ pid }) => pid !== null)
    process.kill(pid!, 'SIGKILL')
    assert.equal((await waitFor(bench.runtime, id, isExited)).exit?.code, 137)
    await until(() => !isAlive(identity))
  })

  it('lets the rest of its group finish after SIGTERM, although the main process is gone', async () => {
    const id = await start(
      `sh -c 'trap "sleep 0.3; echo finished; exit 0" TERM; echo ready; while :; do sleep 0.02; done' & wait`,
    )
    await waitForTail(bench.runtime, id, 'ready')
    await bench.runtime.signal(id, 'SIGTERM')
    const { exit } = await waitFor(bench.runtime, id, isExited)
    assert.equal(exit?.code, 143)
    assert.deepEqual(await bench.runtime.tail(id, 1), ['finished'])
  })

  it('ends with all of a stubborn group by SIGKILL, also what has fled into another session', async () => {
    const id = await start(
      `trap '' TERM; sh -c 'sleep 1000 & sleep 1000' & setsid sleep 1000 & echo ready; wait`,
    )
    await waitForTail(bench.runtime, id, 'ready')
    await until(() => instanceProcesses(id).length >= 5)
    await bench.runtime.signal(id, 'SIGTERM')
    await bench.runtime.signal(id, 'SIGKILL')
    await waitFor(bench.runtime, id, isExited)
    await until(() => instanceProcesses(id).length === 0)
  })

  it('stays running when its supervisor alone is killed, and can be stopped still', async () => {
    const id = await start('exec sleep 1000')
    const { pid } = await waitFor(bench.runtime, id, ({ pid }) => pid !== null)
    const supervisor = Number(
      /\d+/.exec(execFileSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' }))?.[0],
    )
    process.kill(supervisor, 'SIGKILL')
    await until(() => (processStat(supervisor)?.state ?? 'Z') === 'Z')
    assert.equal((await bench.runtime.list())[0]?.state, 'running')
    await bench.runtime.signal(id, 'SIGKILL')
    const { exit } = await waitFor(bench.runtime, id, isExited)
    assert.deepEqual([exit?.code, exit?.cause], [137, 'exit'])
    assert.deepEqual((await waitFor(bench.runtime, id, isExited)).exit, exit)
  })

  it('says nothing of an exit that nobody could learn', async () => {
    const id = await start('exec sleep 1000')
    const { pid } = await waitFor(bench.runtime, id, ({ pid }) => pid !== null)
    const supervisor = processStat(
      Number(/PPid:\s+(\d+)/.exec(execFileSync('cat', [`/proc/${pid}/status`], { encoding: 'utf8' }))?.[1]),
    )!
    process.kill(supervisor.pid, 'SIGKILL')
    process.kill(pid!, 'SIGKILL')
    assert.equal((await waitFor(bench.runtime, id, isExited)).exit?.code, null)
  })

  it('that dies with its supervisor without a word is noticed by the sweep', async () => {
    bench.runtime.close()
    const { data, artifact } = bench
    const runtime = await ProcessRuntime.open({
      data,
      artifactPath: async () => artifact,
      log: SILENT,
      sweepMs: 20,
    })
    const id = await start('exec sleep 1000', { appId: 'lost' })
    await waitFor(runtime, id, ({ pid }) => pid !== null)
    const noticed = Promise.withResolvers<void>()
    const unwatch = runtime.watch(async () => {
      if ((await runtime.list('lost'))[0]?.state === 'exited') noticed.resolve()
    })
    for (const pid of instanceProcesses(id)) process.kill(Number(parentOf(pid)), 'SIGKILL')
    for (const pid of instanceProcesses(id)) process.kill(pid, 'SIGKILL')
    await noticed.promise
    unwatch()
    runtime.close()
  })

  it('may open its own output again by name', async () => {
    assert.deepEqual(await output('echo one > /dev/stdout; echo two >> /dev/stderr'), ['one', 'two'])
  })

  it('leaves nothing but its log when it is removed', async () => {
    const id = await start('echo bye; mkdir -m 0 "$HOME/closed"; touch "$TMPDIR/x"')
    await waitFor(bench.runtime, id, isExited)
    await bench.runtime.remove(id)
    const files = execFileSync('find', [bench.data, '-name', `*${id}*`], { encoding: 'utf8' }).trim()
    assert.equal(files, join(bench.data, 'logs/raw/app-a', `web.1~${id}.log`))
  })
})

function commandOf(pid: number): string {
  return execFileSync('cat', [`/proc/${pid}/comm`], { encoding: 'utf8' }).trim()
}

function instanceProcesses(id: string): number[] {
  return liveProcesses()
    .map(({ pid }) => pid)
    .filter((pid) => {
      const args = ['-sz', '-e', `TASUKI_INSTANCE=${id}`, `/proc/${pid}/environ`]
      try {
        execFileSync('grep', args, { stdio: 'ignore' })
        return true
      } catch {
        return false
      }
    })
}

function parentOf(pid: number): string {
  return execFileSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' }).trim()
}

async function firstLine(bench: Bench, id: string): Promise<string> {
  let line: string | undefined
  await until(async () => {
    line = (await bench.runtime.tail(id, 10))[0]
    return line !== undefined
  })
  return line!
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const last = Date.now() + 30_000
  while (!(await holds())) {
    if (Date.now() > last) throw new Error('it did not come to it within half a minute')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
