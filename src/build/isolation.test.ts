import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { Builder } from './builder.ts'
import { packageJson, type SourceFiles, TestBuilder } from './testing.ts'

const asRoot = process.getuid?.() === 0

/** An app whose build script is that shell script. */
function script(text: string): SourceFiles {
  return {
    'package.json': packageJson({ scripts: { start: 'x', build: 'sh ./build.sh' } }),
    'build.sh': text,
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(10)
}

function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(
      execFileSync('cat', [`/proc/${pid}/stat`], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    )
  } catch {
    return false
  }
}

describe('a build', () => {
  let bench: TestBuilder
  let notes: string

  before(async () => {
    bench = await TestBuilder.open()
    notes = await mkdtemp(join(tmpdir(), 'tasuki-notes-'))
    await chmod(notes, 0o777)
  })

  after(async () => {
    await bench[Symbol.asyncDispose]()
    await rm(notes, { recursive: true })
  })

  it('runs with a clean environment and config vars', async () => {
    process.env.TASUKI_TEST_SECRET = 'of the server'
    const { tree } = await bench.build(script('env > env.txt'), { env: { GREETING: 'hello' }, commit: 'abc' })
    delete process.env.TASUKI_TEST_SECRET
    const env = await readFile(join(tree, 'env.txt'), 'utf8')
    assert.doesNotMatch(env, /TASUKI_TEST_SECRET/)
    assert.match(env, /^GREETING=hello$/m)
    assert.match(env, /^SOURCE_VERSION=abc$/m)
    assert.match(env, /^HOME=.*\/data\/build\/\w+\/home$/m)
  })

  it('runs as an unprivileged user, the same for each build of an app', {
    skip: !asRoot && 'needs root',
  }, async () => {
    const ids: string[] = []
    for (const [appId, note] of [
      ['one', '1'],
      ['one', '2'],
      ['two', '3'],
    ] as const) {
      const { tree } = await bench.build(script(`echo ${note}; id -u > id; id -G >> id; nice >> id`), {
        appId,
      })
      ids.push(await readFile(join(tree, 'id'), 'utf8'))
    }
    const [uid, groups, niceness] = ids[0]!.trim().split('\n')
    assert.ok(Number(uid) >= 10_000)
    assert.deepEqual([groups, niceness], [uid, '10'])
    assert.equal(ids[1], ids[0])
    assert.notEqual(ids[2], ids[0])
  })

  it('can change neither artifacts nor the toolchain, nor see other workplaces', {
    skip: !asRoot && 'needs root',
  }, async () => {
    const { artifact } = await bench.build({ Procfile: 'web: x' })
    const data = join(bench.dir, 'data')
    const targets = [
      bench.builder.artifactPath(artifact.digest),
      `${data}/artifacts`,
      `${data}/toolchain`,
      `${data}/build`,
      data,
    ]
    const tries = targets.map((target) => `touch ${target}/x && echo wrote ${target} >> found`)
    const { tree } = await bench.build(
      script(
        `${tries.join('\n')}\nls ${data}/build && echo listed >> found\nls ${data}/artifacts && echo listed >> found\ntouch found`,
      ),
    )
    assert.equal(await readFile(join(tree, 'found'), 'utf8'), '')
  })

  it('can not make the server write through a link', async () => {
    const { tree } = await bench.build(
      script(`mkdir -p ${notes}/trap; rm -rf .tasuki; ln -s ${notes}/trap .tasuki`),
    )
    assert.deepEqual(await readdir(join(notes, 'trap')), [])
    assert.ok((await readdir(join(tree, '.tasuki'))).includes('slug.json'))
  })

  it('shows its output line by line as it comes, and the last lines in its error', async () => {
    let seen: () => void
    const first = new Promise<void>((resolve) => {
      seen = resolve
    })
    const failed = bench.refusal(
      script(
        `echo one; until [ -e ${notes}/go ]; do sleep 0.01; done; printf 'two\\r\\nthr\\303\\251e' >&2; exit 3`,
      ),
      'build_failed',
      { log: (line) => line === '       one' && seen() },
    )
    await first
    await writeFile(join(notes, 'go'), '')
    const { message, details } = await failed
    assert.match(message, /`npm run build` ended with status 3:\n[\s\S]*one\ntwo\nthrée$/)
    assert.equal(details.status, 3)
  })

  it('ends with everything that it started, also what left its process group, when it is stopped', async () => {
    const stop = new AbortController()
    const stopped = bench.refusal(
      script(`setsid sleep 4321 & echo $! > ${notes}/far; sleep 4321 & echo $! > ${notes}/near; wait`),
      'build_failed',
      { signal: stop.signal },
    )
    await until(() => existsSync(join(notes, 'near')) && existsSync(join(notes, 'far')))
    const pids = await Promise.all(
      ['far', 'near'].map(async (name) => Number(await readFile(join(notes, name), 'utf8'))),
    )
    assert.deepEqual(pids.map(isRunning), [true, true])
    stop.abort()
    assert.match((await stopped).message, /The build was stopped/)
    assert.equal(isRunning(pids[1]!), false)
    if (asRoot) assert.equal(isRunning(pids[0]!), false)
    else process.kill(pids[0]!, 'SIGKILL')
    assert.deepEqual(await readdir(join(bench.dir, 'data/build')), [])
  })

  it('does not wait for what its script left in the background', async () => {
    const { artifact } = await bench.build(script(`sleep 4321 & echo $! > ${notes}/left`))
    assert.equal(artifact.builder, 'node')
    assert.equal(isRunning(Number(await readFile(join(notes, 'left'), 'utf8'))), false)
  })

  it('has a time limit', async () => {
    await using quick = await TestBuilder.open({ buildSeconds: 1 })
    const error = await quick.refusal(script('sleep 4321'), 'build_failed')
    assert.match(error.message, /took longer than 1 s/)
  })

  it('of one app waits for the other, and can be stopped while it waits', async () => {
    const order: string[] = []
    const both = ['a', 'b'].map(async (name) => {
      const slow = script(`sleep 0.2; echo ${name}`)
      await bench.build(slow, { log: (line) => void (/^ +[ab]$/.test(line) && order.push(line.trim())) })
      order.push(`${name} done`)
    })
    const third = new AbortController()
    const waiting = bench.refusal(script('echo c'), 'build_failed', { signal: third.signal })
    third.abort()
    await waiting
    await Promise.all(both)
    assert.deepEqual(
      order,
      order[0] === 'a' ? ['a', 'a done', 'b', 'b done'] : ['b', 'b done', 'a', 'a done'],
    )
  })

  it('that a killed server left is ended by the next one', async () => {
    const data = join(notes, 'killed')
    const tarball = await bench.tarball(script(`echo $$ > ${notes}/orphan; exec sleep 4321`))
    const server = startServer(data, tarball)
    await until(() => existsSync(join(notes, 'orphan')) || server.exitCode !== null)
    await until(async () => (await readFile(join(notes, 'orphan'), 'utf8')) !== '')
    const orphan = Number(await readFile(join(notes, 'orphan'), 'utf8'))
    server.kill('SIGKILL')
    await until(() => server.signalCode !== null)
    assert.equal(isRunning(orphan), true)
    await Builder.open({ data })
    await until(() => !isRunning(orphan))
    assert.deepEqual(await readdir(join(data, 'build')), [])
    assert.deepEqual(await readdir(join(data, 'artifacts')), [])
  })

  it('on a full disk says so and leaves nothing', { skip: !asRoot && 'needs root' }, async () => {
    await using small = await TestBuilder.open()
    const place = join(small.dir, 'data/build')
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=0711', 'tmpfs', place])
    try {
      await small.refusal({ Procfile: 'web: x', big: 'x'.repeat(5_000_000) }, 'disk_full')
      await small.refusal(script('dd if=/dev/zero of=big bs=1M count=8'), 'disk_full')
      await small.refusal(
        script('dd if=/dev/zero of=big bs=1M count=8; rm big; echo ENOSPC; exit 1'),
        'disk_full',
      )
      assert.deepEqual(await readdir(place), [])
    } finally {
      execFileSync('umount', [place])
    }
    assert.deepEqual(await readdir(join(small.dir, 'data/artifacts')), [])
  })

  it('is refused where apps could not reach its result', { skip: !asRoot && 'needs root' }, async () => {
    const closed = join(notes, 'closed')
    await mkdir(closed, { mode: 0o700 })
    await assert.rejects(Builder.open({ data: join(closed, 'data') }), { code: 'setup_missing' })
  })
})

/** A process of its own that builds, and can be killed. */
function startServer(data: string, tarball: string): ChildProcess {
  const module = new URL('./builder.ts', import.meta.url).href
  const text = `
    const { Builder } = await import(${JSON.stringify(module)})
    const builder = await Builder.open({ data: ${JSON.stringify(data)} })
    const signal = new AbortController().signal
    const source = { tarball: ${JSON.stringify(tarball)} }
    await builder.build({ appId: 'a', source, commit: null, env: {}, log: () => undefined, signal })`
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', text]
  return spawn(process.execPath, args, { stdio: 'inherit' })
}
